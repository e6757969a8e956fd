/**
 * A namespace: its sockets, its middleware, its adapter. App thread.
 * It decides who may enter; connections and packets are the business of `Client`.
 */
import { randomId } from '../session/sid.ts';
import type { Adapter } from './adapter.ts';
import type { AdapterBridge, RestoredSession, SocketId } from './adapter-bridge.ts';
import { type AnyAdapter, bridgeTo, createAdapter } from './adapter-kinds.ts';
import { BroadcastOperator } from './broadcast-operator.ts';
import { Broadcaster } from './broadcaster.ts';
import type { Client } from './client.ts';
import { createConnectedView } from './connected-view.ts';
import type { Query } from './handshake.ts';
import { type ExtendedError, type Middleware, runMiddleware } from './middleware.ts';
import { isListenerNotice } from './reserved-events.ts';
import type { Server } from './server.ts';
import { settleChange } from './settle-change.ts';
import { Socket } from './socket.ts';
import type { DefaultEventsMap, Emitted, EventNamesWithoutAck, EventParams, EventsMap } from './typed-events.ts';
import { emitLocally, reportUncaught } from './user-code.ts';

/** Events of a namespace. `connect` listeners run before those of `connection`. @since Socket.IO 2 */
export interface NamespaceReservedEvents<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> {
  /** A socket has connected. */
  connect: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
  /** The same, after all listeners of `connect`. */
  connection: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
  /** Main namespace only: another namespace was made. @since Socket.IO 4 */
  new_namespace: (nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
}

/** A group of sockets under one name. Get one from `io.of(name)`. @since Socket.IO 2 */
export class Namespace<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = any,
> extends Broadcaster<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  /** Begins with `/`. @since Socket.IO 2 */
  readonly name: string;
  /** The server it belongs to. @since Socket.IO 2 */
  readonly server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** Connected sockets by id. @since Socket.IO 3 */
  readonly sockets: Map<SocketId, Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> = new Map();
  /** Connected sockets with listeners for what is sent to them. @internal */
  readonly observers = new Set<Socket<any, any, any, any>>();
  #adapter: AnyAdapter;
  #bridge: AdapterBridge;
  #middleware: Middleware<Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>[] = [];
  #connected: Readonly<Record<SocketId, Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>> | undefined;
  #ackId = 0;
  /** Sockets on which middleware is still to decide, and clients whose session is being looked for. */
  #candidates = 0;
  #onEmpty: (() => void) | undefined;

  /** @internal */
  constructor(server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>, name: string) {
    super();
    this.server = server;
    this.name = name;
    this.#adapter = this.createAdapter();
    this.#bridge = bridgeTo(this, this.#adapter);
  }

  /** The adapter in use; its class was given to the server. @since Socket.IO 2 */
  get adapter(): Adapter {
    return this.#adapter as Adapter;
  }

  /** The adapter under the library's own interface. @internal */
  get bridge(): AdapterBridge {
    return this.#bridge;
  }

  /** The connected sockets as an id → Socket hash; a live view of `sockets`. @since Socket.IO 2 */
  get connected(): Readonly<Record<SocketId, Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>> {
    this.#connected ??= createConnectedView(this.sockets);
    return this.#connected;
  }

  /**
   * Adds a function that decides on every socket that wants to connect; it does not see those already on their way.
   *
   * @param fn calls `next()` to go on, `next(error)` to refuse; `error.data` travels to the client @since Socket.IO 2
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
   * @param event its name
   * @param args its arguments
   * @returns this namespace
   * @throws {EngineError} `ERR_RESERVED_EVENT`; `ERR_ACK_NOT_SUPPORTED` for a callback without `timeout()`
   * @since Socket.IO 2
   */
  emit<Name extends EventNamesWithoutAck<EmitEvents>>(
    event: Name,
    ...args: EventParams<EmitEvents, Name>
  ): Emitted<this>;
  emit(...call: [any, ...any[]]): unknown {
    if (isListenerNotice(call)) emitLocally(this, call);
    else (new BroadcastOperator(this, this) as BroadcastOperator<any, any>).emit(...call);
    return this;
  }

  /** @internal */
  audience(): this {
    return this;
  }

  /** One counter for all packets of the namespace that ask for an answer. @internal */
  nextAckId(): number {
    return this.#ackId++;
  }

  /** That counter, for adapters that count themselves. @internal */
  get _ids(): number {
    return this.#ackId;
  }

  set _ids(value: number) {
    this.#ackId = value;
  }

  /** An event from another server; adapters call it. @internal */
  _onServerSideEmit(args: [string, ...any[]]): void {
    emitLocally(this, args);
  }

  /** Middleware functions at this moment. @internal */
  get middleware(): readonly Middleware<Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>[] {
    return this.#middleware;
  }

  /** Calls `listener` each time the last socket has left and none is on its way. @internal */
  whenEmpty(listener: () => void): void {
    this.#onEmpty = listener;
  }

  /** A client asks to enter; the decision comes with a later tick. @internal */
  add(client: Client, auth: Record<string, unknown> | undefined, query: Query | undefined): void {
    const { pid, offset } = auth ?? {};
    if (this.server.recovery === undefined || typeof pid !== 'string' || typeof offset !== 'string') {
      this.#examine(client, auth, query, null);
      return;
    }
    const session = this.#bridge.restoreSession(pid, offset);
    if (!(session instanceof Promise)) {
      this.#examine(client, auth, query, session);
      return;
    }
    const arrival = client.arrive(this.name);
    this.#candidates++;
    const go = (found: RestoredSession | null): void => {
      if (client.admits(this.name, arrival)) this.#examine(client, auth, query, found);
      this.candidateGone();
    };
    session.then(go, (error: unknown) => {
      reportUncaught(error);
      go(null);
    });
  }

  /** Nobody is in it or on the way. @internal */
  get isEmpty(): boolean {
    return this.sockets.size === 0 && this.#candidates === 0;
  }

  /** Middleware has decided on a socket, or its connection ended before. @internal */
  candidateGone(): void {
    this.#candidates--;
    this.#checkEmpty();
  }

  /** A connected socket leaves. @internal */
  remove(socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    this.sockets.delete(socket.id);
    this.observers.delete(socket);
    this.#bridge.withdraw(socket);
    this.server.lastLeft = socket;
    this.#checkEmpty();
  }

  /** The server closes, or a child namespace nobody is in. @internal */
  close(): void | Promise<void> {
    for (const socket of [...this.sockets.values()]) socket.finish('server shutting down');
    return this.#bridge.close();
  }

  /** Takes the server's present adapter class. Connected sockets stay reachable, in no room but that of their id. @internal */
  replaceAdapter(): void {
    for (const socket of this.sockets.values()) this.#bridge.withdraw(socket);
    this.#adapter = this.createAdapter();
    this.#bridge = bridgeTo(this, this.#adapter);
    for (const socket of this.sockets.values()) {
      this.#bridge.enroll(socket);
      settleChange(socket, this.#bridge.addAll(socket.id, new Set([socket.id])));
    }
  }

  /** Emits an event of the library's own to listeners. @internal */
  notify(event: string, subject: unknown): void {
    emitLocally(this, [event, subject]);
  }

  /** A started adapter of the server's present class. @internal */
  protected createAdapter(): AnyAdapter {
    return createAdapter(this.server.adapter(), this);
  }

  #examine(
    client: Client,
    auth: Record<string, unknown> | undefined,
    query: Query | undefined,
    session: RestoredSession | null,
  ): void {
    const socket = new Socket(this, client, session?.sid ?? this.#newId(client), auth, query, session ?? undefined);
    this.#candidates++;
    client.add(socket);
    const decide = (error?: ExtendedError): void => {
      process.nextTick(() => this.#decide(socket, error));
    };
    if (session !== null && this.server.recovery?.skipMiddlewares) decide();
    else runMiddleware(this.#middleware, socket, decide);
  }

  #decide(
    socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    error: ExtendedError | undefined,
  ): void {
    if (!socket.pending) return;
    const { client } = socket;
    if (!client.open || error) {
      client.refused(socket);
      socket.abandon();
      if (client.open && error) client.refuse(this.name, error);
      return;
    }
    this.#candidates--;
    this.sockets.set(socket.id, socket);
    socket.admit();
    client.joined(socket);
    this.notify('connect', socket);
    this.notify('connection', socket);
  }

  #checkEmpty(): void {
    if (this.isEmpty) this.#onEmpty?.();
  }

  /** The session's id is a secret of clients that are told another one here. */
  #newId(client: Client): SocketId {
    if (!client.legacy) return randomId();
    return this.name === '/' ? client.id : `${this.name}#${client.id}`;
  }
}
