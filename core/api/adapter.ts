/**
 * The default adapter: who is in which room of one namespace, and broadcasts to them. App thread.
 * Its maps are the authoritative mirror; the coordinator's rows are their replica, exact at each place of the order.
 */
import { EventEmitter } from 'node:events';
import type { PacketFrames } from '../agents/link.ts';
import { FLAG_COMPRESS, FLAG_VOLATILE } from '../agents/link.ts';
import type { PendingAck } from './acks.ts';
import type {
  AdapterBridge,
  AnyNamespace,
  AnySocket,
  BroadcastOptions,
  PersistedSession,
  RestoredSession,
  Room,
  SocketId,
} from './adapter-bridge.ts';
import { createHashedMap, type HashedMap } from './hashed-map.ts';
import type { Packet, PacketEncoder } from './parser.ts';
import { RoomRows } from './room-rows.ts';
import { SetMap } from './set-map.ts';
import { reportUncaught } from './user-code.ts';

const NO_ROOMS: ReadonlySet<Room> = new Set();

/** A room as Socket.IO 2 showed it. @since Socket.IO 2 */
export interface RoomHash {
  /** True for the id of each member. */
  readonly sockets: Record<SocketId, boolean>;
  /** Number of members. */
  readonly length: number;
}

function trueFor(names: Iterable<string>): Record<string, boolean> {
  return Object.fromEntries([...names].map((name) => [name, true]));
}

/**
 * In-memory adapter. Emits `create-room(room)`, `join-room(room, id)`, `leave-room(room, id)` and `delete-room(room)`,
 * each on a real change only. @since Socket.IO 2
 */
export class Adapter extends EventEmitter implements AdapterBridge {
  /** The namespace it serves. @since Socket.IO 2 */
  readonly nsp: AnyNamespace;
  readonly #rooms = new SetMap();
  readonly #sids = new SetMap();
  readonly #rows: RoomRows;
  #roomsView: HashedMap<Set<SocketId>, RoomHash> | undefined;
  #sidsView: HashedMap<Set<Room>, Record<Room, boolean>> | undefined;
  /** Connected sockets of foreign engines, which no row can hold. */
  readonly #foreign = new Set<AnySocket>();

  /** Made by the library, one for each namespace. @param nsp the namespace it serves @since Socket.IO 2 */
  constructor(nsp: AnyNamespace) {
    super();
    this.nsp = nsp;
    this.#rows = new RoomRows(this.#rooms, nsp.sockets);
  }

  /** Members by room: a Map of Sets; as properties `{ sockets, length }`, as in Socket.IO 2. @since Socket.IO 2 */
  get rooms(): HashedMap<Set<SocketId>, RoomHash> {
    this.#roomsView ??= createHashedMap(this.#rooms, (members) => ({
      sockets: trueFor(members),
      length: members.size,
    }));
    return this.#roomsView;
  }

  /** Rooms by socket: a Map of Sets; as properties hashes room → true, as in Socket.IO 2. @since Socket.IO 2 */
  get sids(): HashedMap<Set<Room>, Record<Room, boolean>> {
    this.#sidsView ??= createHashedMap(this.#sids, trueFor);
    return this.#sidsView;
  }

  /** What packets are encoded with. @since Socket.IO 2 */
  get encoder(): PacketEncoder {
    return this.nsp.server.encoder;
  }

  /** Called once, before the adapter is used. @since Socket.IO 3 */
  init(): void | Promise<void> {}

  /** Called once, when the server closes. @since Socket.IO 3 */
  close(): void | Promise<void> {}

  /** Number of servers in the cluster: 1. @since Socket.IO 4 */
  serverCount(): Promise<number> {
    return Promise.resolve(1);
  }

  /**
   * Puts a socket into one room.
   *
   * @param id the socket's
   * @param room its name
   * @param done called on the next tick @since Socket.IO 2
   */
  add(id: SocketId, room: Room, done?: (error: null) => void): void | Promise<void> {
    return this.addAll(id, [room], done);
  }

  /**
   * Puts a socket into rooms; broadcasts from the next one on include it.
   *
   * @param id the socket's
   * @param rooms names of rooms
   * @param done called on the next tick @since Socket.IO 2
   */
  addAll(id: SocketId, rooms: Iterable<Room>, done?: (error: null) => void): void | Promise<void> {
    if (done) process.nextTick(done, null);
    const socket = this.nsp.sockets.get(id);
    for (const room of rooms) {
      this.#join(id, socket, room);
      if (socket !== undefined && this.nsp.sockets.get(id) !== socket) return; // a listener has disconnected it
    }
  }

  /**
   * What `socket.join()` calls for one room. Where `addAll()` is overridden or wrapped, that is called.
   *
   * @param id the socket's
   * @param room its name @since Broadside
   */
  addOne(id: SocketId, room: Room): void | Promise<void> {
    if (this.addAll !== unwrapped) return this.addAll(id, new Set([room]));
    this.#join(id, this.nsp.sockets.get(id), room);
  }

  /**
   * Takes a socket out of one room.
   *
   * @param id the socket's
   * @param room its name
   * @param done called on the next tick @since Socket.IO 2
   */
  del(id: SocketId, room: Room, done?: (error: null) => void): void | Promise<void> {
    if (done) process.nextTick(done, null);
    if (!this.#sids.remove(id, room)) return;
    const socket = this.nsp.sockets.get(id);
    if (socket !== undefined) this.#rows.leave(socket, room);
    this.#removeMember(id, room);
  }

  /**
   * Takes a socket out of all rooms; it stays connected.
   *
   * @param id the socket's
   * @param done called on the next tick @since Socket.IO 2
   */
  delAll(id: SocketId, done?: (error: null) => void): void | Promise<void> {
    if (done) process.nextTick(done, null);
    for (const room of [...this.#sids.members(id)]) this.del(id, room);
    this.#sids.delete(id);
  }

  /** The library calls it when a socket connects: broadcasts reach it. @param socket that one @since Broadside */
  enroll(socket: AnySocket): void {
    if (socket.client.foreign) this.#foreign.add(socket);
    else this.#rows.enroll(socket, this.#sids.members(socket.id));
  }

  /** The library calls it when a socket goes, out of all rooms at once. @param socket that one @since Broadside */
  withdraw(socket: AnySocket): void {
    const own = this.#sids.members(socket.id);
    if (!this.#foreign.delete(socket)) this.#rows.withdraw(socket, own);
    this.#sids.delete(socket.id);
    for (const room of own) this.#removeMember(socket.id, room);
  }

  /**
   * Sends one packet to all matching sockets. Encoded here, once; the coordinator finds the recipients.
   *
   * @param packet its `nsp` is filled in
   * @param opts whom it reaches, and how
   * @throws what serialising the arguments throws @since Socket.IO 2
   */
  broadcast(packet: Packet, opts: BroadcastOptions): void {
    // hot: cost must not depend on the number of recipients.
    this.notifyObservers(packet, opts);
    const volatile = opts.flags?.volatile === true;
    if (volatile && this.#rows.link?.writable === false && this.#foreign.size === 0) return;
    this.deliver(this.encoder.encode(packet), opts);
  }

  /**
   * Sends one packet with one id to all matching sockets and registers for the answer of each.
   *
   * @param packet gets its id here
   * @param opts whom it reaches, and how
   * @param clientCountCallback called once with the number of recipients
   * @param ack called with the first argument of each answer
   * @param lost called for each recipient that disconnects without an answer
   * @returns a function that stops waiting @since Socket.IO 4.5
   */
  broadcastWithAck(
    packet: Packet,
    opts: BroadcastOptions,
    clientCountCallback: (count: number) => void,
    ack: (answer: unknown) => void,
    lost?: () => void,
  ): () => void {
    const id = this.nsp.nextAckId();
    packet.id = id;
    const frames = this.encoder.encode(packet);
    const recipients = this.#matching(opts);
    this.notifyObservers(packet, opts);
    const pending: PendingAck = { answered: (args) => ack(args[0]), lost };
    for (const socket of recipients) socket.acks.add(id, pending);
    this.deliver(frames, opts);
    clientCountCallback(recipients.length);
    return () => {
      for (const socket of recipients) socket.forgetAck(id);
    };
  }

  /** Ids of the connected sockets in any of `rooms`, of all when empty. @param rooms their names @since Socket.IO 3 */
  sockets(rooms: ReadonlySet<Room>): Promise<Set<SocketId>> {
    return Promise.resolve(new Set(this.#matching({ rooms }).map((socket) => socket.id)));
  }

  /**
   * As `sockets()`, with a callback that comes on the next tick; `rooms` may be left out.
   *
   * @param rooms names, none for all sockets
   * @param callback gets `(null, ids)` @since Socket.IO 2
   */
  clients(
    rooms: readonly Room[] | ((error: null, ids: SocketId[]) => void),
    callback?: (error: null, ids: SocketId[]) => void,
  ): void {
    const [names, done] = typeof rooms === 'function' ? [[], rooms] : [rooms, callback];
    const ids = this.#matching({ rooms: new Set(names) }).map((socket) => socket.id);
    if (done) process.nextTick(done, null, ids);
  }

  /** The rooms of one socket; undefined when it is in none. @param id the socket's @since Socket.IO 3 */
  socketRooms(id: SocketId): Set<Room> | undefined {
    return this.#sids.get(id);
  }

  /**
   * As `socketRooms()`, with a callback that comes on the next tick; null when it is in none.
   *
   * @param id the socket's
   * @param callback gets `(null, rooms)` @since Socket.IO 2
   */
  clientRooms(id: SocketId, callback: (error: null, rooms: Room[] | null) => void): void {
    const own = this.#sids.get(id);
    process.nextTick(callback, null, own ? [...own] : null);
  }

  /** The matching sockets. @param opts whom it concerns @since Socket.IO 4 */
  fetchSockets(opts: BroadcastOptions): Promise<AnySocket[]> {
    return Promise.resolve(this.#matching(opts));
  }

  /**
   * Puts the matching sockets into rooms.
   *
   * @param opts whom it concerns
   * @param rooms names of rooms @since Socket.IO 4
   */
  addSockets(opts: BroadcastOptions, rooms: Room[]): void {
    for (const socket of this.#matching(opts)) socket.join(rooms);
  }

  /**
   * Takes the matching sockets out of rooms.
   *
   * @param opts whom it concerns
   * @param rooms names of rooms @since Socket.IO 4
   */
  delSockets(opts: BroadcastOptions, rooms: Room[]): void {
    for (const socket of this.#matching(opts)) for (const room of rooms) socket.leave(room);
  }

  /**
   * Disconnects the matching sockets, with `close` their connections too.
   *
   * @param opts whom it concerns
   * @param close their connections too @since Socket.IO 4
   */
  disconnectSockets(opts: BroadcastOptions, close: boolean): void {
    for (const socket of this.#matching(opts)) socket.disconnect(close);
  }

  /** Warns: there are no other servers; a callback gets no answers. @param packet the event @since Socket.IO 4.1 */
  serverSideEmit(packet: unknown[]): void {
    process.emitWarning('serverSideEmit() reaches nobody: this adapter knows of no other servers.');
    const callback: unknown = packet.at(-1);
    if (typeof callback === 'function') process.nextTick(callback as () => void, null, []);
  }

  /** Keeps nothing: see `RecoveringAdapter`. @param _session of a socket that is lost @since Socket.IO 4.6 */
  persistSession(_session: PersistedSession): void {}

  /**
   * Knows no session: see `RecoveringAdapter`.
   *
   * @param _pid the client's secret
   * @param _offset of the last event it got @since Socket.IO 4.6
   */
  restoreSession(_pid: string, _offset: string): RestoredSession | null | Promise<RestoredSession | null> {
    return null;
  }

  /** Tells those that watch what is sent to them; the usual namespace has none. @param packet it @since Broadside */
  protected notifyObservers(packet: Packet, { rooms, except = NO_ROOMS }: BroadcastOptions): void {
    if (this.nsp.observers.size === 0) return;
    for (const socket of this.nsp.observers) {
      if (this.#matches(socket, rooms, except)) socket.notifyOutgoingListeners(packet);
    }
  }

  /** Sends an encoded packet. @param frames header and attachments @param opts whom it reaches @since Broadside */
  protected deliver(frames: PacketFrames, opts: BroadcastOptions): void {
    const { rooms, except = NO_ROOMS, flags } = opts;
    let bits = flags?.compress === false ? 0 : FLAG_COMPRESS;
    if (flags?.volatile) bits |= FLAG_VOLATILE;
    const link = this.#rows.link;
    if (link !== undefined && (link.writable || !flags?.volatile)) {
      const targets = this.#rows.resolve(rooms, except);
      if (targets !== undefined) link.broadcast(targets, frames, bits);
    }
    for (const socket of this.#foreign) {
      if (this.#matches(socket, rooms, except)) socket.client.write(frames, bits);
    }
  }

  #matches(socket: AnySocket, rooms: ReadonlySet<Room>, except: ReadonlySet<Room>): boolean {
    if (except.has(socket.id)) return false;
    for (const room of except) if (this.#sids.has(socket.id, room)) return false;
    if (rooms.size === 0) return true;
    for (const room of rooms) if (this.#sids.has(socket.id, room)) return true;
    return false;
  }

  /** The connected sockets a broadcast would reach now; for calls that keep something per recipient. */
  #matching({ rooms, except = NO_ROOMS }: BroadcastOptions): AnySocket[] {
    const candidates = rooms.size === 0 ? this.nsp.sockets.keys() : this.#membersOf(rooms);
    const found: AnySocket[] = [];
    for (const id of candidates) {
      const socket = this.nsp.sockets.get(id);
      if (socket !== undefined && this.#matches(socket, NO_ROOMS, except)) found.push(socket);
    }
    return found;
  }

  #membersOf(rooms: ReadonlySet<Room>): Set<SocketId> {
    const ids = new Set<SocketId>();
    for (const room of rooms) for (const id of this.#rooms.members(room)) ids.add(id);
    return ids;
  }

  /** @param socket undefined while it is not connected */
  #join(id: SocketId, socket: AnySocket | undefined, room: Room): void {
    if (this.#sids.add(id, room) === 0) return;
    const created = this.#rooms.add(room, id) === 1;
    if (socket !== undefined) this.#rows.join(socket, room);
    if (created) this.#notify('create-room', room);
    this.#notify('join-room', room, id);
  }

  #removeMember(id: SocketId, room: Room): void {
    if (!this.#rooms.remove(room, id)) return;
    const emptied = this.#rooms.size(room) === 0;
    if (emptied) {
      this.#rooms.delete(room);
      this.#rows.roomEmptied(room);
    }
    this.#notify('leave-room', room, id);
    if (emptied) this.#notify('delete-room', room);
  }

  /** Listeners are the application's: what they throw must not leave the maps half changed. */
  #notify(event: string, room: Room, id?: SocketId): void {
    if (this.listenerCount(event) === 0) return; // hot: `emit` makes an array of its arguments for nobody
    try {
      if (id === undefined) this.emit(event, room);
      else this.emit(event, room, id);
    } catch (error) {
      reportUncaught(error);
    }
  }
}

/** As it is before an application or a tool for tracing wraps it. */
const unwrapped = Adapter.prototype.addAll;
