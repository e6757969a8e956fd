/**
 * What the library asks of the adapter of one namespace, whatever interface that adapter has. App thread.
 * The library's own adapter answers for itself; bridges translate for adapters written for Socket.IO 2 or 4.
 */
import type { PacketFrames } from '../agents/link.ts';
import type { Namespace } from './namespace.ts';
import type { Packet } from './parser.ts';
import type { RemoteSocketDetails } from './remote-socket.ts';
import type { Socket } from './socket.ts';

/** Name of a room. @since Socket.IO 2 */
export type Room = string;
/** Id of a socket. @since Socket.IO 2 */
export type SocketId = string;

/** How one broadcast is sent; a flag that is not set is absent. @since Socket.IO 4 */
export interface BroadcastFlags {
  /** May be dropped for a client that cannot take it now. */
  volatile?: boolean;
  /** May be compressed on its way. @default true */
  compress?: boolean;
  /** Only clients of this process. */
  local?: boolean;
  /** Milliseconds to wait for acknowledgements. */
  timeout?: number;
}

/**
 * Whom one broadcast reaches: every socket, or those in any of `rooms`, without those in any of `except`.
 * @since Socket.IO 4
 */
export interface BroadcastOptions {
  /** None for every socket. */
  rooms: ReadonlySet<Room>;
  /** Rooms; an id names the room of that socket. */
  except?: ReadonlySet<Room>;
  /** How it is sent. */
  flags?: BroadcastFlags;
}

/** What is kept of a socket that may come back. @since Socket.IO 4.6 */
export interface PersistedSession {
  /** The socket's id. */
  sid: SocketId;
  /** The client's secret. */
  pid: string;
  /** The rooms it was in. */
  rooms: Room[];
  /** The application's own. */
  data: unknown;
}

/** A kept session, and what its client has missed. @since Socket.IO 4.6 */
export interface RestoredSession extends PersistedSession {
  /** Data of the missed events, for adapters that keep events. */
  missedPackets: unknown[][];
  /** The same as encoded packets, asked for when the client is let in: for adapters that keep those. */
  missedFrames?(): PacketFrames[];
}

/** A namespace, whatever its events. @since Broadside */
export type AnyNamespace = Namespace<any, any, any, any>;
/** A socket, whatever its events. @since Broadside */
export type AnySocket = Socket<any, any, any, any>;

export interface AdapterBridge {
  /** A socket has connected: from here on broadcasts reach it, those to rooms it joined earlier included. */
  enroll(socket: AnySocket): void;
  /** A connected socket goes, out of all its rooms: no later broadcast reaches it. */
  withdraw(socket: AnySocket): void;
  addAll(id: SocketId, rooms: ReadonlySet<Room>): void | Promise<void>;
  /** The same for one room, where that can be had without a Set. */
  addOne?(id: SocketId, room: Room): void | Promise<void>;
  del(id: SocketId, room: Room): void | Promise<void>;
  delAll(id: SocketId): void | Promise<void>;
  /** @throws what serialising throws */
  broadcast(packet: Packet, opts: BroadcastOptions): void;
  /**
   * Broadcasts one packet with one id and reports every answer.
   *
   * @param clientCount called once per server with the number of its recipients
   * @param ack called with the first argument of each answer
   * @param lost called for each recipient known to be gone without an answer
   * @returns a function that stops waiting
   */
  broadcastWithAck(
    packet: Packet,
    opts: BroadcastOptions,
    clientCount: (count: number) => void,
    ack: (answer: unknown) => void,
    lost?: () => void,
  ): () => void;
  /** Sends to one socket what its client shall get again after a short loss of its connection. */
  sendRecoverable?(socket: AnySocket, packet: Packet, flags: number): void;
  /** Ids of the connected sockets in any of `rooms`, of all when empty. */
  sockets(rooms: ReadonlySet<Room>): Promise<ReadonlySet<SocketId>>;
  /** The rooms of one socket; undefined when it is in none. */
  socketRooms(id: SocketId): ReadonlySet<Room> | undefined;
  fetchSockets(opts: BroadcastOptions): Promise<(AnySocket | RemoteSocketDetails)[]>;
  addSockets(opts: BroadcastOptions, rooms: Room[]): void;
  delSockets(opts: BroadcastOptions, rooms: Room[]): void;
  disconnectSockets(opts: BroadcastOptions, close: boolean): void;
  /** @param packet the event and its arguments; a function in last position gets `(error, responses)` */
  serverSideEmit(packet: unknown[]): void;
  serverCount(): Promise<number>;
  persistSession(session: PersistedSession): void;
  restoreSession(pid: string, offset: string): RestoredSession | null | Promise<RestoredSession | null>;
  close(): void | Promise<void>;
}
