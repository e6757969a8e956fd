/**
 * Speaks to an adapter written for Socket.IO 2 (socket.io-adapter 1.x, callbacks, hashes, excepted ids). App thread.
 * What that interface lacks is done here on the sockets of this process.
 */
import type {
  AdapterBridge,
  AnyNamespace,
  AnySocket,
  BroadcastOptions,
  RestoredSession,
  Room,
  SocketId,
} from './adapter-bridge.ts';
import type { Packet } from './parser.ts';
import { reportUncaught } from './user-code.ts';

type Done = (error?: Error | null) => void;

/** The interface of socket.io-adapter 1.x. @since Socket.IO 2 */
export interface LegacyAdapter {
  /** Members by room. @since Socket.IO 2 */
  readonly rooms?: Record<string, { readonly sockets: Record<string, boolean> }>;
  /** Rooms by socket. @since Socket.IO 2 */
  readonly sids?: Record<string, Record<string, boolean>>;
  /**
   * Puts a socket into a room.
   *
   * @param id the socket's
   * @param room its name
   * @param done called when it is in @since Socket.IO 2
   */
  add?(id: string, room: string, done?: Done): void;
  /**
   * Puts a socket into rooms.
   *
   * @param id the socket's
   * @param rooms names of rooms
   * @param done called when it is in all @since Socket.IO 2
   */
  addAll?(id: string, rooms: string[], done?: Done): void;
  /**
   * Takes a socket out of a room.
   *
   * @param id the socket's
   * @param room its name
   * @param done called when it is out @since Socket.IO 2
   */
  del(id: string, room: string, done?: Done): void;
  /** Takes a socket out of all rooms. @param id the socket's @param done called when it is out @since Socket.IO 2 */
  delAll(id: string, done?: Done): void;
  /**
   * Sends a packet to all matching sockets.
   *
   * @param packet to send
   * @param opts `{ rooms, except, flags }`, `except` holding ids @since Socket.IO 2
   */
  broadcast(packet: any, opts: any): void;
  /**
   * Ids of the sockets in any of the rooms.
   *
   * @param rooms names, none for all sockets
   * @param callback gets `(error, ids)` @since Socket.IO 2
   */
  clients?(rooms: string[], callback: (error: Error | null, ids?: string[]) => void): void;
}

function promised(call: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error ? reject(error) : resolve()));
  });
}

export class LegacyBridge implements AdapterBridge {
  readonly #nsp: AnyNamespace;
  readonly #adapter: LegacyAdapter;

  constructor(nsp: AnyNamespace, adapter: LegacyAdapter) {
    this.#nsp = nsp;
    this.#adapter = adapter;
  }

  enroll(): void {}

  withdraw(socket: AnySocket): void {
    this.#adapter.delAll(socket.id, (error) => {
      if (error) reportUncaught(error);
    });
  }

  addAll(id: SocketId, rooms: ReadonlySet<Room>): Promise<void> {
    const adapter = this.#adapter;
    if (adapter.addAll) return promised((done) => adapter.addAll?.(id, [...rooms], done));
    const added = [...rooms].map((room) => promised((done) => adapter.add?.(id, room, done)));
    return Promise.all(added).then(() => undefined);
  }

  del(id: SocketId, room: Room): Promise<void> {
    return promised((done) => this.#adapter.del(id, room, done));
  }

  delAll(id: SocketId): Promise<void> {
    return promised((done) => this.#adapter.delAll(id, done));
  }

  broadcast(packet: Packet, opts: BroadcastOptions): void {
    const { rooms, except, flags } = opts;
    // Adapters of that time know of no watchers.
    if (this.#nsp.observers.size > 0) {
      for (const socket of this.#matching(opts)) socket.notifyOutgoingListeners(packet);
    }
    this.#adapter.broadcast(packet, { rooms: [...rooms], except: [...this.#idsIn(except)], flags: { ...flags } });
  }

  broadcastWithAck(
    packet: Packet,
    opts: BroadcastOptions,
    clientCount: (count: number) => void,
    ack: (answer: unknown) => void,
    lost?: () => void,
  ): () => void {
    const id = this.#nsp.nextAckId();
    packet.id = id;
    const recipients = this.#matching(opts);
    for (const socket of recipients) socket.acks.add(id, { answered: (args) => ack(args[0]), lost });
    this.broadcast(packet, opts);
    clientCount(recipients.length);
    return () => {
      for (const socket of recipients) socket.forgetAck(id);
    };
  }

  sockets(rooms: ReadonlySet<Room>): Promise<ReadonlySet<SocketId>> {
    return new Promise((resolve, reject) => {
      const { clients } = this.#adapter;
      if (clients === undefined) {
        resolve(new Set(this.#matching({ rooms }).map((socket) => socket.id)));
        return;
      }
      clients.call(this.#adapter, [...rooms], (error, ids) => (error ? reject(error) : resolve(new Set(ids))));
    });
  }

  socketRooms(id: SocketId): ReadonlySet<Room> | undefined {
    const own = this.#adapter.sids?.[id];
    return own && new Set(Object.keys(own));
  }

  fetchSockets(opts: BroadcastOptions): Promise<AnySocket[]> {
    return Promise.resolve(this.#matching(opts));
  }

  addSockets(opts: BroadcastOptions, rooms: Room[]): void {
    for (const socket of this.#matching(opts)) socket.join(rooms);
  }

  delSockets(opts: BroadcastOptions, rooms: Room[]): void {
    for (const socket of this.#matching(opts)) for (const room of rooms) socket.leave(room);
  }

  disconnectSockets(opts: BroadcastOptions, close: boolean): void {
    for (const socket of this.#matching(opts)) socket.disconnect(close);
  }

  serverSideEmit(): void {
    throw new TypeError('The adapter of this namespace has no serverSideEmit().');
  }

  serverCount(): Promise<number> {
    return Promise.resolve(1);
  }

  persistSession(): void {}

  restoreSession(): RestoredSession | null {
    return null;
  }

  close(): void {}

  /** Every socket in one of `rooms`, and those the rooms are named after. */
  #idsIn(rooms: ReadonlySet<Room> | undefined): Set<SocketId> {
    const ids = new Set<SocketId>();
    for (const room of rooms ?? []) {
      ids.add(room);
      for (const id of Object.keys(this.#adapter.rooms?.[room]?.sockets ?? {})) ids.add(id);
    }
    return ids;
  }

  #matching({ rooms, except }: BroadcastOptions): AnySocket[] {
    const left = this.#idsIn(except);
    const found = [...this.#nsp.sockets.values()].filter((socket) => !left.has(socket.id));
    if (rooms.size === 0) return found;
    return found.filter((socket) => {
      const own = this.#adapter.sids?.[socket.id];
      return own !== undefined && [...rooms].some((room) => Object.hasOwn(own, room));
    });
  }
}
