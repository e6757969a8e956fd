/**
 * The app thread's end of the rings: writes commands, reads events. Never touches a client's bytes on the wire and never
 * loops over recipients. The only place where the app thread may block: when `commands` is full to the hard mark.
 */
import type { MessagePort } from 'node:worker_threads';
import { EngineError } from '../errors.ts';
import type { RowNumber, SessionNumber } from '../session/ids.ts';
import { Control, type Doorbell, STATE_CLOSED } from '../shm/control.ts';
import { APP_THREAD, COORDINATOR_THREAD } from '../shm/layout.ts';
import { createRegion, RegionWindow, takeRegion } from '../shm/region-port.ts';
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
  EVT_CLOSE,
  EVT_HEAD_BYTES,
  EVT_MESSAGE,
  EVT_OPEN,
  EVT_UPGRADE,
  EVT_WORD_A,
  EVT_WORD_B,
  FLAG_LARGE,
  getSession,
  KIND_TEXT,
  LARGE_PAYLOAD_BYTES,
  putSession,
} from './records.ts';
import type { Segment } from './segment.ts';

/** Events are handled for this long, then timers and I/O of the application have their turn. */
const TURN_MS = 5;
/** Soft mark: unread commands beyond this part of the ring; far less while the log is gated, because depth is delay. */
const SOFT_MARK_FRACTION = 4;
const GATED_SOFT_MARK_BYTES = 16 * 1024;
/** Bytes of large payloads that may wait for the coordinator. */
const MAX_LARGE_BYTES = 64 * 1024 * 1024;
/** While waiting for room the coordinator's life is checked this often. */
const ROOM_POLL_MS = 100;
/** Rows of one membership record; a longer list becomes several. */
const ROWS_PER_RECORD = 1024;

/** Who is told what clients do; one for each Server. */
export interface AppHandler {
  /** @param encoded the handshake request, as `decodeRequest` takes it: much smaller than what it decodes to */
  onOpen(session: SessionNumber, sid: string, encoded: string): void;
  /** Text or a copy of the bytes. */
  onMessage(session: SessionNumber, data: string | Buffer): void;
  /** The session's transport is a WebSocket now. */
  onUpgrade(session: SessionNumber): void;
  onClose(session: SessionNumber, reason: number, detail: number): void;
  onDrain(): void;
}

export class AppAgent implements Link {
  readonly #control: Control;
  readonly #commands: SpscRing;
  readonly #events: SpscRing;
  readonly #port: MessagePort;
  readonly #bell: Doorbell;
  readonly #coordinatorBell: Doorbell;
  readonly #softMark: number;
  readonly #window = new RegionWindow();
  readonly #handlers = new Map<number, AppHandler>();
  readonly #handlerOf = new Map<number, AppHandler>();
  readonly #freeRows: RowNumber[] = [];
  readonly #pump = (): void => this.#drainEvents();
  #nextRow = 1;
  #wantDrain = false;
  #stopped = false;

  constructor(segment: Segment, port: MessagePort) {
    this.#control = new Control(segment.control, segment.tuning.ioThreads);
    this.#commands = new SpscRing(segment.commands);
    this.#events = new SpscRing(segment.events);
    this.#port = port;
    this.#bell = this.#control.doorbell(APP_THREAD);
    this.#coordinatorBell = this.#control.doorbell(COORDINATOR_THREAD);
    this.#softMark = this.#commands.capacity / SOFT_MARK_FRACTION;
  }

  addServer(server: number, handler: AppHandler): void {
    this.#handlers.set(server, handler);
  }

  removeServer(server: number): void {
    this.#handlers.delete(server);
  }

  /** Begins reading events. */
  start(): void {
    this.#drainEvents();
  }

  /** Stops reading events for good. */
  stop(): void {
    this.#stopped = true;
    this.#bell.ring();
  }

  // ── commands ──

  get writable(): boolean {
    const used = this.#commands.usedBytes;
    if (used < GATED_SOFT_MARK_BYTES) return true;
    if (used < this.#softMark && !this.#control.gated) return true;
    if (!this.#wantDrain) {
      this.#wantDrain = true;
      this.#control.wantDrain = true;
      this.#coordinatorBell.ring();
    }
    return false;
  }

  send(session: SessionNumber, frames: PacketFrames, flags: number): void {
    const bound = packetByteBound(frames);
    if (bound >= LARGE_PAYLOAD_BYTES) {
      this.#sendLarge(session, frames, flags);
      return;
    }
    const at = this.#claim(CMD_SEND, 0, CMD_SEND_HEAD_BYTES + bound);
    const bytes = writePacket(this.#commands.bytes, at + CMD_SEND_HEAD_BYTES, frames);
    this.#putSend(at >> 2, session, flags, bytes);
    this.#commit(CMD_SEND_HEAD_BYTES + bytes);
  }

  broadcast(targets: Targets, frames: PacketFrames, flags: number): void {
    const bound = packetByteBound(frames);
    const head = headBytes(targets);
    if (bound >= LARGE_PAYLOAD_BYTES) {
      const at = this.#claim(CMD_BROADCAST, FLAG_LARGE, head);
      const region = this.#post(frames);
      this.#putTargets(at >> 2, targets, flags, region.bytes);
      this.#commitLarge(head, region);
      return;
    }
    const at = this.#claim(CMD_BROADCAST, 0, head + bound);
    const bytes = writePacket(this.#commands.bytes, at + head, frames);
    this.#putTargets(at >> 2, targets, flags, bytes);
    this.#commit(head + bytes);
  }

  allocateRow(): RowNumber {
    return this.#freeRows.pop() ?? (this.#nextRow++ as RowNumber);
  }

  freeRow(row: RowNumber): void {
    const at = this.#claim(CMD_FREE_ROW, 0, 4);
    this.#commands.words[at >> 2] = row;
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
    putSession(this.#commands.words, at >> 2, session);
    this.#commands.words[(at >> 2) + 2] = discard ? 1 : 0;
    this.#commit(12);
  }

  /** Every session of the server ends after what was sent before. */
  closeServer(server: number): void {
    const at = this.#claim(CMD_CLOSE_SERVER, 0, 4);
    this.#commands.words[at >> 2] = server;
    this.#commit(4);
  }

  #sendLarge(session: SessionNumber, frames: PacketFrames, flags: number): void {
    const at = this.#claim(CMD_SEND, FLAG_LARGE, CMD_SEND_HEAD_BYTES);
    const region = this.#post(frames);
    this.#putSend(at >> 2, session, flags, region.bytes);
    this.#commitLarge(CMD_SEND_HEAD_BYTES, region);
  }

  #putSend(word: number, session: SessionNumber, flags: number, bytes: number): void {
    const { words } = this.#commands;
    putSession(words, word, session);
    words[word + 2] = flags;
    words[word + 3] = bytes;
  }

  #putTargets(word: number, targets: Targets, flags: number, bytes: number): void {
    const { words } = this.#commands;
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
      const { words } = this.#commands;
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
      this.#window.retire(this.#commands.freed);
      if (this.#window.bytes > MAX_LARGE_BYTES) this.#waitForRoom();
    }
    const memory = createRegion(packetByteLength(frames));
    const bytes = writePacket(Buffer.from(memory), 0, frames);
    this.#port.postMessage(memory);
    return { bytes, size: memory.byteLength };
  }

  #commitLarge(recordBytes: number, region: { size: number }): void {
    this.#commit(recordBytes);
    this.#window.add(this.#commands.position, region.size);
  }

  /** Room in the ring, waited for at the hard mark. @throws ERR_COORDINATOR_LOST when there will never be any. */
  #claim(type: number, flags: number, bytes: number): number {
    for (;;) {
      const at = this.#commands.claim(type, flags, bytes);
      if (at >= 0) return at;
      this.#waitForRoom();
    }
  }

  #waitForRoom(): void {
    if (this.#control.state(COORDINATOR_THREAD) === STATE_CLOSED) {
      throw new EngineError('ERR_COORDINATOR_LOST', 'the coordinator thread has ended; nothing can be sent any more');
    }
    this.#coordinatorBell.ring();
    this.#commands.waitForRoom(ROOM_POLL_MS);
  }

  #commit(bytes: number): void {
    this.#commands.commit(bytes);
    this.#coordinatorBell.ring();
  }

  // ── events ──

  #drainEvents(): void {
    if (this.#stopped) return;
    let more = false;
    try {
      if (this.#drainDue()) this.#announceDrain();
      more = this.#readEvents();
    } finally {
      // A handler that throws surfaces as an uncaught exception; the events behind it are still handled.
      if (more || !this.#sleep()) setImmediate(this.#pump);
    }
  }

  /** Handles events for one turn; true when the turn ended before they did. */
  #readEvents(): boolean {
    const deadline = performance.now() + TURN_MS;
    let handled = 0;
    try {
      while (this.#events.next()) {
        handled++;
        this.#dispatch();
        if ((handled & 15) === 0 && performance.now() > deadline) return true;
      }
      return false;
    } finally {
      if (handled > 0) {
        this.#events.free();
        if (this.#control.eventsBlocked) this.#coordinatorBell.ring();
      }
    }
  }

  /** False when there is something to do at once. */
  #sleep(): boolean {
    this.#bell.prepareSleep();
    if (!this.#events.isEmpty() || this.#drainDue()) {
      this.#bell.cancelSleep();
      return false;
    }
    const rung = this.#bell.sleepAsync();
    if (rung === undefined) return false;
    void rung.then(this.#pump);
    return true;
  }

  #dispatch(): void {
    const { words, bytes, type, flags, offset } = this.#events;
    const word = offset >> 2;
    const session = getSession(words, word);
    const a = words[word + EVT_WORD_A];
    const b = words[word + EVT_WORD_B];
    const body = offset + EVT_HEAD_BYTES;
    switch (type) {
      case EVT_OPEN: {
        const handler = this.#handlers.get(a);
        if (handler === undefined) break; // its server was closed meanwhile
        this.#handlerOf.set(session, handler);
        const sid = bytes.toString('latin1', body, body + b);
        const encoded = bytes.toString('latin1', body + b, offset + this.#events.length);
        handler.onOpen(session, sid, encoded);
        break;
      }
      case EVT_MESSAGE: {
        const large = (flags & FLAG_LARGE) !== 0 ? Buffer.from(takeRegion(this.#port)) : undefined;
        const handler = this.#handlerOf.get(session);
        if (handler === undefined) break;
        const source = large ?? bytes;
        const from = large === undefined ? body : 0;
        const data = a === KIND_TEXT ? source.toString('utf8', from, from + b) : copyOf(source, from, b);
        handler.onMessage(session, data);
        break;
      }
      case EVT_UPGRADE:
        this.#handlerOf.get(session)?.onUpgrade(session);
        break;
      case EVT_CLOSE: {
        const handler = this.#handlerOf.get(session);
        this.#handlerOf.delete(session);
        handler?.onClose(session, a, b);
        break;
      }
      default:
        throw new RangeError(`event of unknown type ${type}`);
    }
  }

  #drainDue(): boolean {
    return this.#wantDrain && this.#commands.usedBytes < GATED_SOFT_MARK_BYTES;
  }

  #announceDrain(): void {
    this.#wantDrain = false;
    this.#control.wantDrain = false;
    for (const handler of this.#handlers.values()) handler.onDrain();
  }
}

/** User code may keep what it gets: never a view of a ring. */
function copyOf(source: Buffer, from: number, bytes: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes);
  copy.set(source.subarray(from, from + bytes));
  return copy;
}

function headBytes({ rows, sessions, exceptRows, exceptSessions }: Targets): number {
  const words = rows.length + 2 * sessions.length + exceptRows.length + 2 * exceptSessions.length;
  return align8(CMD_BROADCAST_HEAD_BYTES + words * 4);
}
