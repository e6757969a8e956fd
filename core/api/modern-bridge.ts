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

/** The interface of socket.io-adapter 2.x; members that came with later versions of it may be missing. */
export interface ModernAdapter {
  init?(): void | Promise<void>;
  close?(): void | Promise<void>;
  serverCount?(): Promise<number>;
  addAll(id: any, rooms: any): void | Promise<void>;
  del(id: any, room: any): void | Promise<void>;
  delAll(id: any): void | Promise<void>;
  broadcast(packet: any, opts: any): void;
  broadcastWithAck?(packet: any, opts: any, clientCount: any, ack: any): void;
  sockets(rooms: any): Promise<Set<any>>;
  socketRooms(id: any): Set<any> | undefined;
  fetchSockets?(opts: any): Promise<any[]>;
  addSockets?(opts: any, rooms: any): void;
  delSockets?(opts: any, rooms: any): void;
  disconnectSockets?(opts: any, close: boolean): void;
  serverSideEmit?(packet: any[]): void;
  persistSession?(session: any): void;
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
