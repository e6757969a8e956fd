/**
 * Speaks to an adapter written for Socket.IO 3 or 4 (socket.io-adapter 2.x). App thread.
 * Such an adapter keeps its own rooms and writes to each recipient: the cost of a broadcast grows with its recipients.
 */
import { FLAG_COMPRESS } from '../agents/link.ts';
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
import type { Packet } from './parser.ts';
import type { RemoteSocketDetails } from './remote-socket.ts';

type MaybePromise<T> = T | Promise<T>;

/**
 * The interface of socket.io-adapter 2.x; members that came with later versions of it may be missing.
 * @since Socket.IO 3
 */
export interface ModernAdapter {
  /** Called once, before it is used. @since Socket.IO 3 */
  init?(): void | Promise<void>;
  /** Called once, when the server closes. @since Socket.IO 3 */
  close?(): void | Promise<void>;
  /** Number of servers in the cluster. @since Socket.IO 4 */
  serverCount?(): Promise<number>;
  /** Puts a socket into rooms. @param id the socket's @param rooms a Set of names @since Socket.IO 3 */
  addAll(id: any, rooms: any): void | Promise<void>;
  /** Takes a socket out of a room. @param id the socket's @param room its name @since Socket.IO 3 */
  del(id: any, room: any): void | Promise<void>;
  /** Takes a socket out of all rooms. @param id the socket's @since Socket.IO 3 */
  delAll(id: any): void | Promise<void>;
  /**
   * Sends a packet to all matching sockets.
   *
   * @param packet without a namespace
   * @param opts `{ rooms, except, flags }` @since Socket.IO 3
   */
  broadcast(packet: any, opts: any): void;
  /**
   * The same, and asks each for an answer.
   *
   * @param packet without an id
   * @param opts `{ rooms, except, flags }`
   * @param clientCount gets the number of recipients
   * @param ack gets each answer @since Socket.IO 4.5
   */
  broadcastWithAck?(packet: any, opts: any, clientCount: any, ack: any): void;
  /** Ids of the sockets in any of the rooms. @param rooms a Set of names, empty for all @since Socket.IO 3 */
  sockets(rooms: any): Promise<Set<any>>;
  /** The rooms of one socket. @param id the socket's @since Socket.IO 3 */
  socketRooms(id: any): Set<any> | undefined;
  /** The matching sockets. @param opts `{ rooms, except, flags }` @since Socket.IO 4 */
  fetchSockets?(opts: any): Promise<any[]>;
  /**
   * Puts the matching sockets into rooms.
   *
   * @param opts `{ rooms, except, flags }`
   * @param rooms names of rooms @since Socket.IO 4
   */
  addSockets?(opts: any, rooms: any): void;
  /**
   * Takes the matching sockets out of rooms.
   *
   * @param opts `{ rooms, except, flags }`
   * @param rooms names of rooms @since Socket.IO 4
   */
  delSockets?(opts: any, rooms: any): void;
  /**
   * Disconnects the matching sockets.
   *
   * @param opts `{ rooms, except, flags }`
   * @param close their connections too @since Socket.IO 4
   */
  disconnectSockets?(opts: any, close: boolean): void;
  /** Sends an event to the other servers. @param packet event and arguments @since Socket.IO 4.1 */
  serverSideEmit?(packet: any[]): void;
  /** Keeps a lost session. @param session id, secret, rooms and data @since Socket.IO 4.6 */
  persistSession?(session: any): void;
  /**
   * Gives it back with the missed events, or null.
   *
   * @param pid the client's secret
   * @param offset of the last event it got @since Socket.IO 4.6
   */
  restoreSession?(pid: any, offset: string): any;
}

function missing(method: string): never {
  throw new TypeError(`The adapter of this namespace has no ${method}().`);
}

export class ModernBridge implements AdapterBridge {
  readonly #nsp: AnyNamespace;
  readonly #adapter: ModernAdapter;

  constructor(nsp: AnyNamespace, adapter: ModernAdapter) {
    this.#nsp = nsp;
    this.#adapter = adapter;
  }

  /** As a broadcast to the room of its id: only broadcasts are kept by such an adapter. */
  sendRecoverable(socket: AnySocket, packet: Packet, flags: number): void {
    const compress = (flags & FLAG_COMPRESS) !== 0;
    this.broadcast(packet, { rooms: new Set([socket.id]), except: new Set(), flags: compress ? {} : { compress } });
  }

  enroll(): void {}

  withdraw(socket: AnySocket): void {
    this.#adapter.delAll(socket.id);
  }

  addAll(id: SocketId, rooms: ReadonlySet<Room>): void | Promise<void> {
    return this.#adapter.addAll(id, rooms);
  }

  del(id: SocketId, room: Room): void | Promise<void> {
    return this.#adapter.del(id, room);
  }

  delAll(id: SocketId): void | Promise<void> {
    return this.#adapter.delAll(id);
  }

  broadcast(packet: Packet, opts: BroadcastOptions): void {
    this.#adapter.broadcast(packet, opts);
  }

  broadcastWithAck(
    packet: Packet,
    opts: BroadcastOptions,
    clientCount: (count: number) => void,
    ack: (answer: unknown) => void,
  ): () => void {
    if (this.#adapter.broadcastWithAck === undefined) return missing('broadcastWithAck');
    this.#adapter.broadcastWithAck(packet, opts, clientCount, ack);
    const { id } = packet;
    return () => {
      if (id !== undefined) for (const socket of this.#nsp.sockets.values()) socket.forgetAck(id);
    };
  }

  sockets(rooms: ReadonlySet<Room>): Promise<ReadonlySet<SocketId>> {
    return this.#adapter.sockets(rooms);
  }

  socketRooms(id: SocketId): ReadonlySet<Room> | undefined {
    return this.#adapter.socketRooms(id);
  }

  fetchSockets(opts: BroadcastOptions): Promise<(AnySocket | RemoteSocketDetails)[]> {
    return this.#adapter.fetchSockets?.(opts) ?? missing('fetchSockets');
  }

  addSockets(opts: BroadcastOptions, rooms: Room[]): void {
    if (this.#adapter.addSockets === undefined) missing('addSockets');
    this.#adapter.addSockets(opts, rooms);
  }

  delSockets(opts: BroadcastOptions, rooms: Room[]): void {
    if (this.#adapter.delSockets === undefined) missing('delSockets');
    this.#adapter.delSockets(opts, rooms);
  }

  disconnectSockets(opts: BroadcastOptions, close: boolean): void {
    if (this.#adapter.disconnectSockets === undefined) missing('disconnectSockets');
    this.#adapter.disconnectSockets(opts, close);
  }

  serverSideEmit(packet: unknown[]): void {
    if (this.#adapter.serverSideEmit === undefined) missing('serverSideEmit');
    this.#adapter.serverSideEmit(packet);
  }

  serverCount(): Promise<number> {
    return this.#adapter.serverCount?.() ?? Promise.resolve(1);
  }

  persistSession(session: PersistedSession): void {
    this.#adapter.persistSession?.(session);
  }

  restoreSession(pid: string, offset: string): MaybePromise<RestoredSession | null> {
    return this.#adapter.restoreSession?.(pid, offset) ?? null;
  }

  close(): void | Promise<void> {
    return this.#adapter.close?.();
  }
}
