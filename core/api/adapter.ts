/**
 * The default adapter: who is in which room of one namespace, and broadcasts to them. App thread.
 * Its maps are the authoritative mirror; the coordinator's rows are their replica, exact at each place of the order.
 */
import { EventEmitter } from 'node:events';
import type { PacketFrames } from '../agents/link.ts';
import { FLAG_COMPRESS, FLAG_VOLATILE } from '../agents/link.ts';
import type { PendingAck } from './acks.ts';
import type { Namespace } from './namespace.ts';
import { encodePacket, type Packet } from './packet.ts';
import { RoomRows } from './room-rows.ts';
import type { Socket } from './socket.ts';
import { reportUncaught } from './user-code.ts';

export type Room = string;
export type SocketId = string;

/** How one broadcast is sent. */
export interface BroadcastFlags {
  /** May be dropped for a client that cannot take it now. */
  volatile?: boolean;
  /** @default true */
  compress?: boolean;
  /** Only clients of this process. */
  local?: boolean;
  /** Milliseconds to wait for acknowledgements. */
  timeout?: number;
}

/** Whom one broadcast reaches: every socket, or those in any of `rooms`, without those in any of `except`. */
export interface BroadcastOptions {
  rooms: ReadonlySet<Room>;
  /** Rooms; an id names the room of that socket. */
  except?: ReadonlySet<Room>;
  flags?: BroadcastFlags;
}

type AnyNamespace = Namespace<any, any, any, any>;
type AnySocket = Socket<any, any, any, any>;

/** Anything `new`able with a namespace: a class, or a function that returns an adapter. */
export type AdapterConstructor = new (nsp: AnyNamespace) => Adapter;

const NO_ROOMS: ReadonlySet<Room> = new Set();

/**
 * In-memory adapter. Emits `create-room(room)`, `join-room(room, id)`, `leave-room(room, id)` and `delete-room(room)`,
 * each on a real change only.
 */
export class Adapter extends EventEmitter {
  readonly nsp: AnyNamespace;
  /** Members by room. */
  readonly rooms = new Map<Room, Set<SocketId>>();
  /** Rooms by socket. */
  readonly sids = new Map<SocketId, Set<Room>>();
  readonly #rows: RoomRows;
  /** Connected sockets of foreign engines, which no row can hold. */
  readonly #foreign = new Set<AnySocket>();

  constructor(nsp: AnyNamespace) {
    super();
    this.nsp = nsp;
    this.#rows = new RoomRows(this.rooms, nsp.sockets);
  }

  /** Called once, before the adapter is used. */
  init(): void | Promise<void> {}

  /** Called once, when the server closes. */
  close(): void | Promise<void> {}

  /** Number of servers in the cluster: 1. */
  serverCount(): Promise<number> {
    return Promise.resolve(1);
  }

  /** Puts a socket into rooms; broadcasts from the next one on include it. */
  addAll(id: SocketId, rooms: Iterable<Room>): void | Promise<void> {
    let own = this.sids.get(id);
    if (own === undefined) {
      own = new Set();
      this.sids.set(id, own);
    }
    const added: Room[] = [];
    const created = new Set<Room>();
    for (const room of rooms) {
      if (own.has(room)) continue;
      own.add(room);
      added.push(room);
      const members = this.rooms.get(room);
      if (members !== undefined) {
        members.add(id);
      } else {
        this.rooms.set(room, new Set([id]));
        created.add(room);
      }
    }
    if (added.length === 0) return;
    const socket = this.nsp.sockets.get(id);
    if (socket !== undefined) this.#rows.join(socket, added);
    for (const room of added) {
      if (created.has(room)) this.#notify('create-room', room);
      this.#notify('join-room', room, id);
    }
  }

  /** Takes a socket out of one room. */
  del(id: SocketId, room: Room): void | Promise<void> {
    const own = this.sids.get(id);
    if (!own?.delete(room)) return;
    const socket = this.nsp.sockets.get(id);
    if (socket !== undefined) this.#rows.leave(socket, room);
    this.#removeMember(id, room);
  }

  /** Takes a socket out of all rooms; it stays connected. */
  delAll(id: SocketId): void | Promise<void> {
    for (const room of [...(this.sids.get(id) ?? NO_ROOMS)]) this.del(id, room);
    this.sids.delete(id);
  }

  /** A socket has connected: from here on broadcasts reach it, those to rooms it joined earlier included. @internal */
  enroll(socket: AnySocket): void {
    if (socket.client.foreign) this.#foreign.add(socket);
    else this.#rows.enroll(socket, this.sids.get(socket.id) ?? NO_ROOMS);
  }

  /** A connected socket goes: no later broadcast reaches it. One command for all its rooms. @internal */
  withdraw(socket: AnySocket): void {
    const own = this.sids.get(socket.id) ?? NO_ROOMS;
    if (!this.#foreign.delete(socket)) this.#rows.withdraw(socket, own);
    this.sids.delete(socket.id);
    for (const room of own) this.#removeMember(socket.id, room);
  }

  /**
   * Sends one packet to all matching sockets. Encoded here, once; the coordinator finds the recipients.
   *
   * @throws what serialising the arguments throws
   */
  broadcast(packet: Packet, opts: BroadcastOptions): void {
    // hot: cost must not depend on the number of recipients.
    const volatile = opts.flags?.volatile === true;
    if (volatile && this.#rows.link?.writable === false && this.#foreign.size === 0) return;
    this.#deliver(encodePacket(this.nsp.server.encoder, packet), opts);
  }

  /**
   * Sends one packet with one id to all matching sockets and registers for the answer of each.
   *
   * @param clientCountCallback called once with the number of recipients
   * @param ack called with the first argument of each answer
   * @param lost called for each recipient that disconnects without an answer
   * @returns a function that stops waiting
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
    const frames = encodePacket(this.nsp.server.encoder, packet);
    const recipients = this.#matching(opts);
    const pending: PendingAck = { answered: (args) => ack(args[0]), lost };
    for (const socket of recipients) socket.acks.add(id, pending);
    this.#deliver(frames, opts);
    clientCountCallback(recipients.length);
    return () => {
      for (const socket of recipients) socket.acks.forget(id);
    };
  }

  /** Ids of the connected sockets in any of `rooms`, of all when empty. */
  sockets(rooms: ReadonlySet<Room>): Promise<Set<SocketId>> {
    return Promise.resolve(new Set(this.#matching({ rooms }).map((socket) => socket.id)));
  }

  /** The rooms of one socket; undefined when it is in none. */
  socketRooms(id: SocketId): Set<Room> | undefined {
    return this.sids.get(id);
  }

  #deliver(frames: PacketFrames, opts: BroadcastOptions): void {
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
    const own = this.sids.get(socket.id) ?? NO_ROOMS;
    for (const room of except) if (own.has(room)) return false;
    if (rooms.size === 0) return true;
    for (const room of rooms) if (own.has(room)) return true;
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
    for (const room of rooms) for (const id of this.rooms.get(room) ?? NO_ROOMS) ids.add(id);
    return ids;
  }

  #removeMember(id: SocketId, room: Room): void {
    const members = this.rooms.get(room);
    if (!members?.delete(id)) return;
    const emptied = members.size === 0;
    if (emptied) {
      this.rooms.delete(room);
      this.#rows.roomEmptied(room);
    }
    this.#notify('leave-room', room, id);
    if (emptied) this.#notify('delete-room', room);
  }

  /** Listeners are the application's: what they throw must not leave the maps half changed. */
  #notify(event: string, room: Room, id?: SocketId): void {
    try {
      if (id === undefined) this.emit(event, room);
      else this.emit(event, room, id);
    } catch (error) {
      reportUncaught(error);
    }
  }
}
