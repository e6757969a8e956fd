/**
 * Row numbers of one namespace: keeps the coordinator's rows in step with the adapter's mirror and turns rooms into
 * targets. App thread. Never loops over the recipients of a broadcast.
 *
 * Two rules keep rows few. Only *enrolled* sockets (connected, past middleware) are in rows. A room whose only enrolled
 * member is the socket of that very id has no row: it is addressed as a session. So in a room without a row, the one
 * member that can be enrolled is the socket the room is named after.
 */
import type { Link, Targets } from '../agents/link.ts';
import type { RowNumber, SessionNumber } from '../session/ids.ts';

/** What a row needs to know of a socket. */
export interface RowMember {
  readonly id: string;
  readonly client: {
    readonly link: Link | undefined;
    /** Undefined once the coordinator has reported the session closed: it is in no row any more. */
    readonly session: SessionNumber | undefined;
  };
}

/** Who is in which room. */
interface Memberships {
  has(room: string, id: string): boolean;
}

export class RoomRows {
  readonly #rooms: Memberships;
  /** Sockets by id, enrolled ones only. */
  readonly #enrolled: ReadonlyMap<string, RowMember>;
  readonly #rows = new Map<string, RowNumber>();
  /** Row of all enrolled sockets; exists while there is one. */
  #everyone: RowNumber | undefined;
  #count = 0;
  #link: Link | undefined;
  // Reused by every call, as the link allows: garbage of every join and leave would add up to pauses.
  readonly #targets: Targets = { rows: [], sessions: [], exceptRows: [], exceptSessions: [] };
  readonly #changed: RowNumber[] = [];

  constructor(rooms: Memberships, enrolled: ReadonlyMap<string, RowMember>) {
    this.#rooms = rooms;
    this.#enrolled = enrolled;
  }

  /** The link of the enrolled sockets, undefined while there is none. */
  get link(): Link | undefined {
    return this.#link;
  }

  /** The socket has connected: puts it into the row of everyone and the rows of the rooms it is already in. */
  enroll(socket: RowMember, rooms: Iterable<string>): void {
    const { link, session } = socket.client;
    if (link === undefined || session === undefined) return;
    this.#link = link;
    this.#count++;
    this.#everyone ??= link.allocateRow();
    const rows = [this.#everyone];
    for (const room of rooms) {
      const row = this.#rowOf(socket, room, link);
      if (row !== undefined) rows.push(row);
    }
    link.join(session, rows);
  }

  /** The socket disconnects: takes it out of every row. Call before its rooms leave the mirror. */
  withdraw(socket: RowMember, rooms: Iterable<string>): void {
    const { link, session } = socket.client;
    if (link === undefined || this.#everyone === undefined) return;
    if (session !== undefined) {
      const rows = [this.#everyone];
      for (const room of rooms) {
        const row = this.#rows.get(room);
        if (row !== undefined) rows.push(row);
      }
      link.leave(session, rows);
    }
    if (--this.#count === 0) this.#freeAll(link);
  }

  /** An enrolled socket has joined a room it was not in; the mirror already says so. */
  join(socket: RowMember, room: string): void {
    const { link, session } = socket.client;
    if (link === undefined || session === undefined) return;
    const row = this.#rowOf(socket, room, link);
    if (row === undefined) return;
    this.#changed[0] = row;
    link.join(session, this.#changed);
  }

  /** An enrolled socket leaves a room. */
  leave(socket: RowMember, room: string): void {
    const row = this.#rows.get(room);
    const { link, session } = socket.client;
    if (row === undefined || session === undefined) return;
    this.#changed[0] = row;
    link?.leave(session, this.#changed);
  }

  /** The room has no members left. */
  roomEmptied(room: string): void {
    const row = this.#rows.get(room);
    if (row === undefined) return;
    this.#rows.delete(room);
    this.#link?.freeRow(row);
  }

  /**
   * Who a broadcast reaches; undefined when that is nobody. The result is valid until the next call.
   *
   * @param rooms empty for everyone
   * @param except rooms, and sockets by id even when they have left the room of that name
   */
  resolve(rooms: ReadonlySet<string>, except: ReadonlySet<string>): Targets | undefined {
    const targets = this.#targets;
    const { rows, sessions, exceptRows, exceptSessions } = targets;
    rows.length = sessions.length = exceptRows.length = exceptSessions.length = 0;
    if (rooms.size === 0) {
      if (this.#everyone === undefined) return undefined;
      rows.push(this.#everyone);
    } else {
      for (const room of rooms) {
        const row = this.#rows.get(room);
        if (row !== undefined) {
          rows.push(row);
        } else if (this.#rooms.has(room, room)) {
          const session = this.#enrolled.get(room)?.client.session;
          if (session !== undefined) sessions.push(session);
        }
      }
    }
    for (const room of except) {
      const row = this.#rows.get(room);
      if (row !== undefined) exceptRows.push(row);
      const session = this.#enrolled.get(room)?.client.session;
      if (session !== undefined) exceptSessions.push(session);
    }
    if (rows.length === 0 && areAmong(sessions, exceptSessions)) return undefined;
    return targets;
  }

  /** The row that `socket` must join, a new one where a room gets its first member from elsewhere. */
  #rowOf(socket: RowMember, room: string, link: Link): RowNumber | undefined {
    const known = this.#rows.get(room);
    if (known !== undefined || room === socket.id) return known;
    const row = link.allocateRow();
    this.#rows.set(room, row);
    const owner = this.#rooms.has(room, room) ? this.#enrolled.get(room)?.client.session : undefined;
    if (owner !== undefined) link.join(owner, [row]);
    return row;
  }

  /** No socket is enrolled: rooms that live on, held by sockets still in middleware, need no row. */
  #freeAll(link: Link): void {
    if (this.#everyone !== undefined) link.freeRow(this.#everyone);
    this.#everyone = undefined;
    for (const row of this.#rows.values()) link.freeRow(row);
    this.#rows.clear();
    this.#link = undefined;
  }
}

/** Whether all of `some` are in `all`. Either may be long: an application may name every socket. */
function areAmong(some: readonly SessionNumber[], all: readonly SessionNumber[]): boolean {
  if (some.length === 0 || all.length === 0) return some.length === 0;
  const set = new Set(all);
  return some.every((session) => set.has(session));
}
