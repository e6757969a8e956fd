/**
 * One client in one namespace, as the application sees it. App thread.
 * It holds no bytes and no timers of its own: packets leave through its `Client`, membership lives in the adapter.
 */
import type { IncomingMessage } from 'node:http';
import { FLAG_COMPRESS, FLAG_VOLATILE, type PacketFrames } from '../agents/link.ts';
import type { DisconnectReason } from '../session/reasons.ts';
import { AckTable } from './acks.ts';
import type { Adapter } from './adapter.ts';
import type { RestoredSession, Room, SocketId } from './adapter-bridge.ts';
import { roomNames } from './broadcast-operator.ts';
import { type Client, type EngineWriteOptions, engineFlags } from './client.ts';
import type { Conn } from './conn.ts';
import { createHandshake, type Handshake, type Query } from './handshake.ts';
import { type Event, receiveEvent } from './inbound-event.ts';
import type { Middleware } from './middleware.ts';
import type { Namespace } from './namespace.ts';
import { type Packet, PacketType } from './parser.ts';
import { canComeBack, newPrivateId } from './recovery.ts';
import { assertNotReserved, isListenerNotice } from './reserved-events.ts';
import { createRoomSet, type RoomSet } from './room-set.ts';
import type { Server } from './server.ts';
import { settleChange } from './settle-change.ts';
import { SocketModifiers } from './socket-modifiers.ts';
import type {
  AckResult,
  DefaultEventsMap,
  Emitted,
  EventNames,
  EventNamesWithAck,
  EventParams,
  EventsMap,
  Joined,
  ParamsBeforeAck,
} from './typed-events.ts';
import { emitLocally } from './user-code.ts';

/** 'connecting' is the time in middleware; 'disconnecting' lasts while its listeners run. */
type SocketState = 'connecting' | 'connected' | 'disconnecting' | 'closed';

/**
 * One client in one namespace. Several sockets, one per namespace, may share a connection.
 * Listeners run in the order in which the client sent, an event right before a disconnect included. @since Socket.IO 2
 */
export class Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = any,
> extends SocketModifiers<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  /** The namespace this socket is in. @since Socket.IO 2 */
  readonly nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** Its connection with the sockets of all its namespaces. @since Socket.IO 2 */
  readonly client: Client;
  /** Random; for Socket.IO 2 clients the session's in `/`, `name#session` elsewhere. @since Socket.IO 2 */
  readonly id: SocketId;
  /** Whether it continues a lost connection: same id, rooms and data, missed events sent again. @since Socket.IO 4.6 */
  readonly recovered: boolean;
  #state: SocketState = 'connecting';
  readonly #issued = Date.now();
  readonly #auth: Record<string, unknown> | undefined;
  readonly #query: Query | undefined;
  // Made when first used: an idle socket should cost little.
  #handshake: Handshake | undefined;
  #data: SocketData | undefined;
  #rooms: RoomSet | undefined;
  #acks: AckTable | undefined;
  #middleware: Middleware<Event>[] | undefined;
  /** The client's secret for coming back; with connection state recovery only. */
  #pid: string | undefined;
  /** Until it is let in. */
  #restored: RestoredSession | undefined;

  /** @internal */
  constructor(
    nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    client: Client,
    id: SocketId,
    auth: Record<string, unknown> | undefined,
    query: Query | undefined,
    restored: RestoredSession | undefined,
  ) {
    super();
    this.recovered = restored !== undefined;
    this.#restored = restored;
    this.#data = restored?.data as SocketData | undefined;
    this.nsp = nsp;
    this.client = client;
    this.id = id;
    this.#auth = auth;
    this.#query = query;
  }

  /** The server its namespace belongs to. @since Socket.IO 2 */
  get server(): Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    return this.nsp.server;
  }

  /** The adapter of its namespace. @since Socket.IO 2 */
  get adapter(): Adapter {
    return this.nsp.adapter;
  }

  /** The connection; sockets of other namespaces may share it. @since Socket.IO 2 */
  get conn(): Conn {
    return this.client.conn;
  }

  /** The handshake request. @since Socket.IO 2 */
  get request(): IncomingMessage {
    return this.client.request;
  }

  /** What was known when it asked for this namespace: an object of its own, free to be changed. @since Socket.IO 2 */
  get handshake(): Handshake {
    this.#handshake ??= createHandshake(this.request, this.conn.remoteAddress, this.#issued, this.#auth, this.#query);
    return this.#handshake;
  }

  /** Free for the application; empty at first, whatever its type says. @since Socket.IO 4 */
  get data(): SocketData {
    this.#data ??= {} as SocketData;
    return this.#data;
  }

  set data(value: SocketData) {
    this.#data = value;
  }

  /** False while middleware runs and from the `disconnect` event on. @since Socket.IO 2 */
  get connected(): boolean {
    return this.#state === 'connected' || this.#state === 'disconnecting';
  }

  /** The opposite of `connected`. @since Socket.IO 2 */
  get disconnected(): boolean {
    return !this.connected;
  }

  /** Its rooms: a live Set whose members are own keys too; empty from `disconnect` on. @since Socket.IO 2 */
  get rooms(): RoomSet {
    this.#rooms ??= createRoomSet(() => this.nsp.bridge.socketRooms(this.id));
    return this.#rooms;
  }

  /**
   * Sends an event. Ignored once the socket is disconnected.
   *
   * @param event its name
   * @param args serialised here, binary data at any depth; a function in last position gets the client's answer
   * @returns this socket
   * @throws {EngineError} `ERR_RESERVED_EVENT`
   * @throws what serialising the arguments throws @since Socket.IO 2
   */
  emit<Name extends EventNames<EmitEvents>>(event: Name, ...args: EventParams<EmitEvents, Name>): Emitted<this>;
  emit(...data: any[]): unknown {
    // hot: one packet, one array, one record.
    const event = data[0];
    if (isListenerNotice(data)) {
      emitLocally(this, data);
      return this;
    }
    const timeout = this.takeTimeout();
    const flags = this.takeFlags();
    assertNotReserved(event);
    let id: number | undefined;
    let ack: ((...args: any[]) => void) | undefined;
    if (typeof data.at(-1) === 'function') {
      ack = data.pop();
      id = this.nsp.nextAckId();
    }
    if (this.#state === 'connecting' || this.#state === 'connected') {
      this.#send({ type: PacketType.EVENT, nsp: this.nsp.name, id, data }, flags);
    }
    if (id !== undefined && ack !== undefined) this.#expectAnswer(id, ack, timeout);
    return this;
  }

  /**
   * Sends an event and waits for the client's answer; without `timeout()` for ever.
   *
   * @param event its name
   * @param args its arguments, without the callback
   * @returns the first argument of the answer
   * @throws {Error} rejects when the time of `timeout()` is over @since Socket.IO 4.6
   */
  emitWithAck<Name extends EventNamesWithAck<EmitEvents>>(
    event: Name,
    ...args: ParamsBeforeAck<EmitEvents[Name]>
  ): Promise<AckResult<EmitEvents[Name]>> {
    const timed = this.timed;
    return new Promise((resolve, reject) => {
      const answer = timed
        ? (error: Error | null, value: any) => (error ? reject(error) : resolve(value))
        : (value: any) => resolve(value);
      (this as Socket<any, any, any, any>).emit(event as string, ...(args as any[]), answer);
    });
  }

  /** `emit('message', ...args)`. @param args of the event @since Socket.IO 2 */
  send(...args: EventParams<EmitEvents, 'message'>): this {
    (this as Socket<any, any, any, any>).emit('message', ...args);
    return this;
  }

  /** Same as `send()`. @param args of the event @since Socket.IO 2 */
  write(...args: EventParams<EmitEvents, 'message'>): this {
    return this.send(...args);
  }

  /**
   * Joins rooms, at once: `rooms` shows them and the next broadcast reaches this socket. No effect once disconnected.
   *
   * @param room one room, or an array of rooms; names are taken as strings
   * @param callback called with null on the next tick, with an error when the adapter has one; without a callback that
   *   error is an `error` event of this socket
   * @returns this socket; to `await` it is harmless @since Socket.IO 2
   */
  join(room: Room | readonly Room[], callback?: (error: Error | null) => void): Joined<this>;
  join(room: Room | readonly Room[], callback?: (error: Error | null) => void): this {
    if (this.#state === 'closed') return this;
    const { bridge } = this.nsp;
    // hot: a Set for every join would be two thirds of its garbage.
    const joined =
      typeof room === 'string' && bridge.addOne !== undefined
        ? bridge.addOne(this.id, room)
        : bridge.addAll(this.id, new Set(roomNames(room)));
    settleChange(this, joined, callback);
    return this;
  }

  /**
   * Leaves a room, at once.
   *
   * @param room its name
   * @param callback called with null on the next tick, with an error when the adapter has one
   * @returns this socket @since Socket.IO 2
   */
  leave(room: Room, callback?: (error: Error | null) => void): Joined<this>;
  leave(room: Room, callback?: (error: Error | null) => void): this {
    settleChange(this, this.nsp.bridge.del(this.id, String(room)), callback);
    return this;
  }

  /** Leaves every room, the one of its own id included. @since Socket.IO 2 */
  leaveAll(): this {
    settleChange(this, this.nsp.bridge.delAll(this.id));
    return this;
  }

  /**
   * Adds a function that sees every inbound event before its listeners; `next(error)` stops the event and reports the
   * error: to the client for Socket.IO 2 clients, as `error` event of this socket for later ones.
   *
   * @param fn gets the event, an array it may change, and `next`; one passed on later is overtaken @since Socket.IO 2
   */
  use(fn: (event: Event, next: (error?: Error) => void) => void): this {
    this.#middleware = [...(this.#middleware ?? []), fn];
    return this;
  }

  /**
   * Leaves the namespace, at once: `disconnecting` and `disconnect` listeners run within the call.
   *
   * @param close also closes the connection, and with it the sockets of all other namespaces; false by default
   * @returns this socket @since Socket.IO 2
   */
  disconnect(close = false): this {
    if (!this.connected) return this;
    if (close) {
      this.client.disconnect();
    } else if (this.#state === 'connected') {
      this.client.packet({ type: PacketType.DISCONNECT, nsp: this.nsp.name }, FLAG_COMPRESS);
      this.finish('server namespace disconnect');
    }
    return this;
  }

  /** Tells a Socket.IO 2 client of an error; for later ones emits `error` here. @param error any @since Socket.IO 2 */
  error(error: unknown): void {
    if (!this.connected) return;
    if (this.client.legacy)
      this.client.packet({ type: PacketType.CONNECT_ERROR, nsp: this.nsp.name, data: error }, FLAG_COMPRESS);
    else emitLocally(this, ['error', error]);
  }

  /** For adapters. @param packet to send; frames when `preEncoded` @param options how @since Socket.IO 2 */
  packet(packet: Packet | PacketFrames, options: EngineWriteOptions = {}): void {
    if (options.preEncoded) this.client.writeToEngine(packet as PacketFrames, options);
    else this.client.packet({ ...(packet as Packet), nsp: this.nsp.name }, engineFlags(options));
  }

  /** Middleware has let it pass. The reply goes first, so that nothing of a broadcast precedes it. @internal */
  admit(): void {
    this.#state = 'connected';
    const { client, nsp } = this;
    const restored = this.#restored;
    this.#restored = undefined;
    if (restored !== undefined) this.#sendMissed(restored);
    if (nsp.server.recovery !== undefined && !client.legacy) this.#pid = restored?.pid ?? newPrivateId();
    const secret = this.#pid === undefined ? undefined : { pid: this.#pid };
    const data = client.legacy ? undefined : { sid: this.id, ...secret };
    client.packet({ type: PacketType.CONNECT, nsp: nsp.name, data }, FLAG_COMPRESS);
    nsp.bridge.enroll(this);
    settleChange(this, nsp.bridge.addAll(this.id, new Set([this.id, ...(restored?.rooms ?? [])])));
    this.watchedChanged();
  }

  /** Middleware has refused it, or the connection is gone meanwhile: no event, nothing left behind. @internal */
  abandon(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'closed';
    settleChange(this, this.nsp.bridge.delAll(this.id));
    // It may try again: what was kept of it is kept on.
    if (this.#restored !== undefined) this.nsp.bridge.persistSession(this.#restored);
    this.#acks?.loseAll();
    this.nsp.candidateGone();
  }

  /** Whether middleware is still to decide. @internal */
  get pending(): boolean {
    return this.#state === 'connecting';
  }

  /** The one way out of a namespace; later calls have no effect. @internal */
  finish(reason: DisconnectReason, description?: unknown): void {
    if (this.#state === 'connecting') this.abandon();
    if (this.#state !== 'connected') return;
    this.#state = 'disconnecting';
    emitLocally(this, ['disconnecting', reason, description]);
    if (this.#pid !== undefined && canComeBack(reason)) {
      this.nsp.bridge.persistSession({ sid: this.id, pid: this.#pid, rooms: [...this.rooms], data: this.data });
    }
    this.#state = 'closed';
    this.nsp.remove(this);
    this.client.remove(this, reason === 'server namespace disconnect');
    this.#acks?.loseAll();
    emitLocally(this, ['disconnect', reason, description]);
  }

  /** Whether events still reach listeners, and answers the client. @internal */
  get active(): boolean {
    return this.#state === 'connected';
  }

  /** A packet of this namespace from the client. @internal */
  receive(packet: Packet): void {
    // hot: every inbound event.
    switch (packet.type) {
      case PacketType.EVENT:
      case PacketType.BINARY_EVENT:
        receiveEvent(this, packet, this.#middleware);
        break;
      case PacketType.ACK:
      case PacketType.BINARY_ACK:
        if (packet.id !== undefined) this.#acks?.settle(packet.id, packet.data);
        break;
      default:
        this.finish('client namespace disconnect');
    }
  }

  /** Acknowledgements it waits for, by packet id; for adapters that count answers themselves. @since Socket.IO 2 */
  get acks(): AckTable {
    this.#acks ??= new AckTable();
    return this.#acks;
  }

  /** Nobody waits for that answer any more. @internal */
  forgetAck(id: number): void {
    this.#acks?.delete(id);
  }

  /** @internal */
  protected watchedChanged(): void {
    if (this.watched && this.connected) this.nsp.observers.add(this);
    else this.nsp.observers.delete(this);
  }

  #send(packet: Packet, flags: number): void {
    if (this.watched) this.notifyOutgoingListeners(packet);
    const { bridge } = this.nsp;
    if (this.#pid === undefined || bridge.sendRecoverable === undefined) this.client.packet(packet, flags);
    else if (packet.id !== undefined || (flags & FLAG_VOLATILE) !== 0) this.client.packet(packet, flags);
    else bridge.sendRecoverable(this, packet, flags);
  }

  #sendMissed(session: RestoredSession): void {
    for (const frames of session.missedFrames?.() ?? []) this.client.write(frames, FLAG_COMPRESS);
    for (const data of session.missedPackets) {
      this.client.packet({ type: PacketType.EVENT, nsp: this.nsp.name, data }, FLAG_COMPRESS);
    }
  }

  #expectAnswer(id: number, callback: (...args: any[]) => void, timeout: number | undefined): void {
    if (timeout !== undefined) this.acks.addTimed(id, timeout, callback);
    else if (this.#state !== 'closed') this.acks.add(id, { answered: (args) => callback(...args) });
  }
}
