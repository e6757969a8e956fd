/**
 * What the API layer needs from the threads: the app thread's end of the command ring.
 * Every call is one record in one order; clients see effects in the order of the calls.
 */
import type { RowNumber, SessionNumber } from '../session/ids.ts';

/** A Socket.IO packet as the parser encodes it: the header text, then its attachments. @since Socket.IO 2 */
export type PacketFrames = readonly (string | Uint8Array)[];

/** Send flags of one packet; a bit set so that it fits the record header. */
export const FLAG_VOLATILE = 1;
export const FLAG_COMPRESS = 2;

/**
 * Who gets a broadcast: the union of `rows` and `sessions`, without every member of `exceptRows` and every one of
 * `exceptSessions`. The caller may reuse the arrays after the call.
 */
export interface Targets {
  rows: RowNumber[];
  sessions: SessionNumber[];
  exceptRows: RowNumber[];
  exceptSessions: SessionNumber[];
}

export interface Link {
  /** False from the soft mark of the command ring on, until a later `drain`; volatile packets are dropped meanwhile. */
  readonly writable: boolean;
  /** One packet to one session. A session that is gone is ignored. `flags` is a sum of FLAG_*. */
  send(session: SessionNumber, frames: PacketFrames, flags: number): void;
  /** One packet to many sessions, encoded once. */
  broadcast(targets: Targets, frames: PacketFrames, flags: number): void;
  /** Issues a number for a row with no members. */
  allocateRow(): RowNumber;
  /** Gives a number back; a row that still has members by the order of calls loses them. */
  freeRow(row: RowNumber): void;
  join(session: SessionNumber, rows: readonly RowNumber[]): void;
  leave(session: SessionNumber, rows: readonly RowNumber[]): void;
  /** Ends the session after everything sent to it before (`discard`: without that). `close` is reported back later. */
  closeSession(session: SessionNumber, discard: boolean): void;
}
