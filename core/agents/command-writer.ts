/**
 * The app thread's end of `commands`: one record for each call, in order. Never touches a client's bytes on the wire and
 * never loops over recipients. The only place where the app thread may block: when the ring is full to the hard mark.
 */
import type { MessagePort } from 'node:worker_threads';
import { EngineError } from '../errors.ts';
import type { RowNumber, SessionNumber } from '../session/ids.ts';
import { Control, type Doorbell, STATE_CLOSED } from '../shm/control.ts';
import { COORDINATOR_THREAD } from '../shm/layout.ts';
import { maxPayloadBytes } from '../shm/record.ts';
import { createRegion, RegionWindow } from '../shm/region-port.ts';
import { SpscRing } from '../shm/spsc-ring.ts';
import { packetByteBound, packetByteLength, writePacket } from '../wire/frames.ts';
import type { Link, PacketFrames, Targets } from './link.ts';
import {
  align8,
  CMD_BROADCAST,
  CMD_BROADCAST_HEAD_BYTES,
  CMD_CLOSE,
  CMD_CLOSE_SERVER,
  CMD_FREE_ROW,
  CMD_JOIN,
  CMD_LEAVE,
  CMD_ROWS_HEAD_BYTES,
  CMD_SEND,
  CMD_SEND_HEAD_BYTES,
  FLAG_LARGE,
  LARGE_PAYLOAD_BYTES,
  putSession,
} from './records.ts';
import type { Segment } from './segment.ts';

/** Soft mark: unread commands beyond this part of the ring; far less while the log is gated, because depth is delay. */
const SOFT_MARK_FRACTION = 4;
const GATED_SOFT_MARK_BYTES = 16 * 1024;
/** Bytes of large payloads that may wait for the coordinator. */
const MAX_LARGE_BYTES = 64 * 1024 * 1024;
/** While waiting for room the coordinator's life is checked this often. */
const ROOM_POLL_MS = 100;
/** Rows of one membership record; a longer list becomes several. */
const ROWS_PER_RECORD = 1024;
/** Microtasks run when the application's code has returned. */
const END_OF_TURN = Promise.resolve();

export class CommandWriter implements Link {
  readonly #control: Control;
  readonly #ring: SpscRing;
  readonly #port: MessagePort;
  readonly #coordinatorBell: Doorbell;
  readonly #softMark: number;
  readonly #window = new RegionWindow();
  readonly #freeRows: RowNumber[] = [];
  #nextRow = 1;
  #wantDrain = false;
  #inTurn = false;
  #owesRing = false;
  readonly #endTurn = (): void => {
    this.#inTurn = false;
    this.#control.appInTurn = false;
    if (!this.#owesRing) return;
    this.#owesRing = false;
    this.#coordinatorBell.ring();
  };

  constructor(segment: Segment, port: MessagePort) {
    this.#control = new Control(segment.control, segment.tuning.ioThreads);
    this.#ring = new SpscRing(segment.commands);
    this.#port = port;
    this.#coordinatorBell = this.#control.doorbell(COORDINATOR_THREAD);
    this.#softMark = this.#ring.capacity / SOFT_MARK_FRACTION;
  }

  get writable(): boolean {
    const used = this.#ring.usedBytes;
    if (used < GATED_SOFT_MARK_BYTES) return true;
    if (used < this.#softMark && !this.#control.gated) return true;
    if (!this.#wantDrain) {
      this.#wantDrain = true;
      this.#control.wantDrain = true;
      this.#coordinatorBell.ring();
    }
    return false;
  }

  /** Whether `writable` was false and the ring has room again. */
  get drainDue(): boolean {
    return this.#wantDrain && this.#ring.usedBytes < GATED_SOFT_MARK_BYTES;
  }

  /** The application hears of it. */
  drained(): void {
    this.#wantDrain = false;
    this.#control.wantDrain = false;
  }

  send(session: SessionNumber, frames: PacketFrames, flags: number): void {
    const bound = packetByteBound(frames);
    if (bound >= LARGE_PAYLOAD_BYTES) {
      this.#sendLarge(session, frames, flags);
      return;
    }
    const at = this.#claim(CMD_SEND, 0, CMD_SEND_HEAD_BYTES + bound);
    const bytes = writePacket(this.#ring.bytes, at + CMD_SEND_HEAD_BYTES, frames);
    this.#putSend(at >> 2, session, flags, bytes);
    this.#commit(CMD_SEND_HEAD_BYTES + bytes);
  }

  broadcast(targets: Targets, frames: PacketFrames, flags: number): void {
    const bound = packetByteBound(frames);
    const inline = bound < LARGE_PAYLOAD_BYTES ? bound : 0;
    if (headBytes(targets) + inline <= maxPayloadBytes(this.#ring.capacity)) {
      this.#broadcast(targets, frames, bound, flags);
      return;
    }
    // More sessions than a record can name get rows of their own, for this one broadcast.
    const row = this.#rowOf(targets.sessions);
    const exceptRow = this.#rowOf(targets.exceptSessions);
    const rows = [...targets.rows, row];
    const exceptRows = [...targets.exceptRows, exceptRow];
    try {
      this.#broadcast({ rows, sessions: [], exceptRows, exceptSessions: [] }, frames, bound, flags);
    } finally {
      this.freeRow(row);
      this.freeRow(exceptRow);
    }
  }

  /**
   * @param bound of the bytes of the packet
   * @throws ERR_MESSAGE_TOO_LARGE when there are more rows than a record can name
   */
  #broadcast(targets: Targets, frames: PacketFrames, bound: number, flags: number): void {
    const head = headBytes(targets);
    if (bound >= LARGE_PAYLOAD_BYTES) {
      const at = this.#claim(CMD_BROADCAST, FLAG_LARGE, head);
      const region = this.#post(frames);
      this.#putTargets(at >> 2, targets, flags, region.bytes);
      this.#commitLarge(head, region);
      return;
    }
    const at = this.#claim(CMD_BROADCAST, 0, head + bound);
    const bytes = writePacket(this.#ring.bytes, at + head, frames);
    this.#putTargets(at >> 2, targets, flags, bytes);
    this.#commit(head + bytes);
  }

  allocateRow(): RowNumber {
    return this.#freeRows.pop() ?? (this.#nextRow++ as RowNumber);
  }

  freeRow(row: RowNumber): void {
    const at = this.#claim(CMD_FREE_ROW, 0, 4);
    this.#ring.words[at >> 2] = row;
    this.#commit(4);
    this.#freeRows.push(row);
  }

  join(session: SessionNumber, rows: readonly RowNumber[]): void {
    this.#putRows(CMD_JOIN, session, rows);
  }

  leave(session: SessionNumber, rows: readonly RowNumber[]): void {
    this.#putRows(CMD_LEAVE, session, rows);
  }

  closeSession(session: SessionNumber, discard: boolean): void {
    const at = this.#claim(CMD_CLOSE, 0, 12);
    putSession(this.#ring.words, at >> 2, session);
    this.#ring.words[(at >> 2) + 2] = discard ? 1 : 0;
    this.#commit(12);
  }

  /** Every session of the server ends after what was sent before. */
  closeServer(server: number): void {
    const at = this.#claim(CMD_CLOSE_SERVER, 0, 4);
    this.#ring.words[at >> 2] = server;
    this.#commit(4);
  }

  /** A row of its own for these. */
  #rowOf(sessions: readonly SessionNumber[]): RowNumber {
    const row = this.allocateRow();
    for (const session of sessions) this.join(session, [row]);
    return row;
  }

  #sendLarge(session: SessionNumber, frames: PacketFrames, flags: number): void {
    const at = this.#claim(CMD_SEND, FLAG_LARGE, CMD_SEND_HEAD_BYTES);
    const region = this.#post(frames);
    this.#putSend(at >> 2, session, flags, region.bytes);
    this.#commitLarge(CMD_SEND_HEAD_BYTES, region);
  }

  #putSend(word: number, session: SessionNumber, flags: number, bytes: number): void {
    const { words } = this.#ring;
    putSession(words, word, session);
    words[word + 2] = flags;
    words[word + 3] = bytes;
  }

  #putTargets(word: number, targets: Targets, flags: number, bytes: number): void {
    const { words } = this.#ring;
    words[word] = flags;
    words[word + 1] = bytes;
    words[word + 2] = targets.rows.length;
    words[word + 3] = targets.sessions.length;
    words[word + 4] = targets.exceptRows.length;
    words[word + 5] = targets.exceptSessions.length;
    let at = word + (CMD_BROADCAST_HEAD_BYTES >> 2);
    for (const row of targets.rows) words[at++] = row;
    for (const session of targets.sessions) {
      putSession(words, at, session);
      at += 2;
    }
    for (const row of targets.exceptRows) words[at++] = row;
    for (const session of targets.exceptSessions) {
      putSession(words, at, session);
      at += 2;
    }
  }

  #putRows(type: number, session: SessionNumber, rows: readonly RowNumber[]): void {
    for (let from = 0; from < rows.length; from += ROWS_PER_RECORD) {
      const count = Math.min(ROWS_PER_RECORD, rows.length - from);
      const bytes = CMD_ROWS_HEAD_BYTES + count * 4;
      const at = this.#claim(type, 0, bytes);
      const { words } = this.#ring;
      putSession(words, at >> 2, session);
      words[(at >> 2) + 2] = count;
      for (let i = 0; i < count; i++) words[(at >> 2) + 3 + i] = rows[from + i];
      this.#commit(bytes);
    }
  }

  /**
   * Encodes a large packet into a region of its own and posts it. Call between claim and commit of the record that names
   * it: a claim that throws after the post would leave a region that the next large record takes for its own.
   */
  #post(frames: PacketFrames): { bytes: number; size: number } {
    while (this.#window.bytes > MAX_LARGE_BYTES) {
      this.#window.retire(this.#ring.freed);
      if (this.#window.bytes > MAX_LARGE_BYTES) this.#waitForRoom();
    }
    const memory = createRegion(packetByteLength(frames));
    const bytes = writePacket(Buffer.from(memory), 0, frames);
    this.#port.postMessage(memory);
    return { bytes, size: memory.byteLength };
  }

  #commitLarge(recordBytes: number, region: { size: number }): void {
    this.#commit(recordBytes);
    this.#window.add(this.#ring.position, region.size);
  }

  /** Room in the ring, waited for at the hard mark. @throws ERR_COORDINATOR_LOST when there will never be any. */
  #claim(type: number, flags: number, bytes: number): number {
    for (;;) {
      const at = this.#ring.claim(type, flags, bytes);
      if (at >= 0) return at;
      this.#waitForRoom();
    }
  }

  #waitForRoom(): void {
    if (this.#control.state(COORDINATOR_THREAD) === STATE_CLOSED) {
      throw new EngineError('ERR_COORDINATOR_LOST', 'the coordinator thread has ended; nothing can be sent any more');
    }
    this.#coordinatorBell.ring();
    this.#ring.waitForRoom(ROOM_POLL_MS);
  }

  /**
   * What the application does without a break is a turn. Its first command wakes the coordinator, which only naps from then
   * on; the others ring together at the end. Woken for each of them, it would take this thread's core every time.
   */
  #commit(bytes: number): void {
    this.#ring.commit(bytes);
    if (this.#inTurn) {
      this.#owesRing = true;
      return;
    }
    this.#inTurn = true;
    this.#control.appInTurn = true;
    this.#coordinatorBell.ring();
    void END_OF_TURN.then(this.#endTurn);
  }
}

function headBytes({ rows, sessions, exceptRows, exceptSessions }: Targets): number {
  const words = rows.length + 2 * sessions.length + exceptRows.length + 2 * exceptSessions.length;
  return align8(CMD_BROADCAST_HEAD_BYTES + words * 4);
}
