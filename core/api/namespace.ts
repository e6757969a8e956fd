/**
 * A namespace: its sockets, its middleware, its adapter. App thread.
 * It decides who may enter; connections and packets are the business of `Client`.
 */
import { generateSid } from '../session/sid.ts';
import type { Adapter, Room, SocketId } from './adapter.ts';
import { BroadcastOperator } from './broadcast-operator.ts';
import type { Client } from './client.ts';
import { createConnectedView } from './connected-view.ts';
import type { Query } from './handshake.ts';
import { type ExtendedError, type Middleware, runMiddleware } from './middleware.ts';
import { isListenerNotice } from './reserved-events.ts';
import type { Server } from './server.ts';
import { Socket } from './socket.ts';
import {
  type AckResult,
  type DefaultEventsMap,
  type Emitted,
  type EventNamesWithAck,
  type EventNamesWithoutAck,
  type EventParams,
  type EventsMap,
  type ParamsBeforeAck,
  StrictEventEmitter,
} from './typed-events.ts';
import { emitLocally } from './user-code.ts';

/** Events of a namespace. `connect` listeners run before those of `connection`. */
export interface NamespaceReservedEvents<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> {
  connect: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
  connection: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
  /** Main namespace only: another namespace was made. */
  new_namespace: (nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
}

/** A group of sockets under one name. Get one from `io.of(name)`. */
export class Namespace<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = any,
> extends StrictEventEmitter<
  ServerSideEvents,
  NamespaceReservedEvents<ListenEvents, EmitEvents, ServerSideEvents, SocketData>
> {
  /** Begins with `/`. */
  readonly name: string;
  readonly server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** Connected sockets by id. */
  readonly sockets: Map<SocketId, Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> = new Map();
  #adapter: Adapter;
  #middleware: Middleware<Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>[] = [];
  #connected: Readonly<Record<SocketId, Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>> | undefined;
  #ackId = 0;

  /** @internal */
  constructor(server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>, name: string) {
    super();
    this.server = server;
    this.name = name;
    this.#adapter = new (server.adapter())(this);
    this.#adapter.init();
  }

  get adapter(): Adapter {
    return this.#adapter;
  }

  /** The connected sockets as an id → Socket hash; a live view of `sockets`. */
  get connected(): Readonly<Record<SocketId, Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>> {
    this.#connected ??= createConnectedView(this.sockets);
    return this.#connected;
  }

  /**
   * Adds a function that decides on every socket that wants to connect. Those added later do not see sockets on their way.
   *
   * @param fn calls `next()` to go on, `next(error)` to refuse; `error.data` travels to the client
   */
  use(
    fn: (
      socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
      next: (error?: ExtendedError) => void,
    ) => void,
  ): this {
    this.#middleware = [...this.#middleware, fn];
    return this;
  }

  /**
   * Sends an event to all connected sockets. Arguments are serialised here, once.
   *
   * @returns this namespace
   * @throws {EngineError} `ERR_RESERVED_EVENT`; `ERR_ACK_NOT_SUPPORTED` for a callback without `timeout()`
   */
  emit<Name extends EventNamesWithoutAck<EmitEvents>>(
    event: Name,
    ...args: EventParams<EmitEvents, Name>
  ): Emitted<this>;
  emit(...call: [any, ...any[]]): unknown {
    if (isListenerNotice(call)) emitLocally(this, call);
    else (this.#operator() as BroadcastOperator<any, any>).emit(...call);
    return this;
  }

  /**
   * Sends an event to all connected sockets and waits for every answer.
   *
   * @returns the first argument of each client's answer, in order of arrival
   */
  emitWithAck<Name extends EventNamesWithAck<EmitEvents>>(
    event: Name,
    ...args: ParamsBeforeAck<EmitEvents[Name]>
  ): Promise<AckResult<EmitEvents[Name]>[]> {
    return (this.#operator() as BroadcastOperator<any, any>).emitWithAck(event as string, ...(args as any[]));
  }

  /** `emit('message', ...args)`. */
  send(...args: EventParams<EmitEvents, 'message'>): this {
    (this.#operator() as BroadcastOperator<any, any>).emit('message', ...args);
    return this;
  }

  /** Same as `send()`. */
  write(...args: EventParams<EmitEvents, 'message'>): this {
    return this.send(...args);
  }

  /**
   * Sends to rooms.
   *
   * @param room one room, or an array of rooms
   */
  to(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.#operator().to(room);
  }

  /** Same as `to()`. */
  in(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.#operator().to(room);
  }

  /**
   * Sends to everyone who is in none of these rooms.
   *
   * @param room one room, or an array of rooms
   */
  except(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.#operator().except(room);
  }

  /** Sends what may be dropped for clients that cannot take it now. */
  get volatile(): BroadcastOperator<EmitEvents, SocketData> {
    return this.#operator().volatile;
  }

  /** Sends to clients of this process only. */
  get local(): BroadcastOperator<EmitEvents, SocketData> {
    return this.#operator().local;
  }

  /** Whether what is sent may be compressed; without this call it may. */
  compress(compress: boolean): BroadcastOperator<EmitEvents, SocketData> {
    return this.#operator().compress(compress);
  }

  /**
   * Lets an event ask every client for an acknowledgement.
   *
   * @param ms milliseconds until the callback gets an error and the answers so far
   */
  timeout(ms: number): BroadcastOperator<EmitEvents, SocketData, true> {
    return this.#operator().timeout(ms);
  }

  /** One counter for all packets of the namespace that ask for an answer. @internal */
  nextAckId(): number {
    return this.#ackId++;
  }

  /** A client asks to enter; the decision comes with a later tick. @internal */
  add(client: Client, auth: Record<string, unknown> | undefined, query: Query | undefined): void {
    const socket = new Socket(this, client, this.#newId(client), auth, query);
    client.nsps.set(this.name, socket);
    runMiddleware(this.#middleware, socket, (error) => process.nextTick(() => this.#decide(socket, error)));
  }

  /** A connected socket leaves. @internal */
  remove(socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    this.sockets.delete(socket.id);
    this.#adapter.withdraw(socket);
  }

  /** The server closes. @internal */
  close(): void | Promise<void> {
    for (const socket of [...this.sockets.values()]) socket.finish('server shutting down');
    return this.#adapter.close();
  }

  /** Takes the server's present adapter class. Room membership starts empty; connected sockets stay reachable. @internal */
  replaceAdapter(): void {
    for (const socket of this.sockets.values()) this.#adapter.withdraw(socket);
    this.#adapter = new (this.server.adapter())(this);
    this.#adapter.init();
    for (const socket of this.sockets.values()) this.#adapter.enroll(socket);
  }

  /** Emits an event of the library's own to listeners. @internal */
  notify(event: string, subject: unknown): void {
    emitLocally(this, [event, subject]);
  }

  #decide(
    socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    error: ExtendedError | undefined,
  ): void {
    if (!socket.pending) return;
    const { client } = socket;
    if (!client.open || error) {
      client.nsps.delete(this.name);
      socket.abandon();
      if (client.open && error) client.refuse(this.name, error);
      return;
    }
    this.sockets.set(socket.id, socket);
    socket.admit();
    client.joined(socket);
    this.notify('connect', socket);
    this.notify('connection', socket);
  }

  /** The session's id is a secret of clients that are told another one here. */
  #newId(client: Client): SocketId {
    if (!client.legacy) return generateSid(0).slice(0, 20);
    return this.name === '/' ? client.id : `${this.name}#${client.id}`;
  }

  #operator(): BroadcastOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.#adapter);
  }
}
