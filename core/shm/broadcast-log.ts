/**
 * The ordered log that every I/O thread reads in place: one writer (coordinator), one cursor per reader. The slowest
 * live cursor gates the writer. Nobody waits in here: full is a value.
 *
 * Reader r owns its cursor word while it lives. The coordinator writes it only between the readers' lives (`attach`).
 */
import {
  capacityOf,
  checkHeader,
  LOG_HEADER_OFFSET,
  LOG_TAIL_OFFSET,
  LOG_TRAILER_BYTES,
  logCursorOffset,
  MAX_IO_THREADS,
  REGION_LOG,
  UNIT_SHIFT,
  writeHeader,
} from './layout.ts';
import { alignedBytes, checkPayload, RECORD_HEADER_BYTES, RECORD_PADDING } from './record.ts';

/** Memory for a log with this many bytes of data, a power of two. */
export function createLog(capacity: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(capacity + LOG_TRAILER_BYTES);
  capacityOf(memory.byteLength, LOG_TRAILER_BYTES);
  writeHeader(new Int32Array(memory), capacity + LOG_HEADER_OFFSET, REGION_LOG, capacity);
  return memory;
}

/** What writer and readers share: the mapping of positions onto memory. */
class LogView {
  readonly capacity: number;
  readonly bytes: Buffer;
  readonly words: Int32Array;
  /** The same words for bitsets and slots. */
  readonly unsignedWords: Uint32Array;
  protected readonly tailIndex: number;
  protected readonly mask: number;
  protected readonly capacityUnits: number;

  /** @throws ERR_LAYOUT_MISMATCH when the memory is no log of this layout. */
  constructor(memory: SharedArrayBuffer) {
    this.capacity = capacityOf(memory.byteLength, LOG_TRAILER_BYTES);
    this.bytes = Buffer.from(memory);
    this.words = new Int32Array(memory);
    this.unsignedWords = new Uint32Array(memory);
    checkHeader(this.words, this.capacity + LOG_HEADER_OFFSET, REGION_LOG, this.capacity);
    this.tailIndex = (this.capacity + LOG_TAIL_OFFSET) >> 2;
    this.capacityUnits = this.capacity >> UNIT_SHIFT;
    this.mask = this.capacityUnits - 1;
  }

  protected cursorIndex(reader: number): number {
    return (this.capacity + logCursorOffset(reader)) >> 2;
  }
}

export class LogWriter extends LogView {
  /** Position after the last published record. */
  tail: number;

  #gate: number;
  readonly #live = new Uint8Array(MAX_IO_THREADS);
  readonly #reserveUnits: number;
  #claimedStart = 0;
  #claimedBytes = -1;
  #headerWord = 0;

  /** @param reserveBytes room that only control records may use, so that a full log never blocks a release. */
  constructor(memory: SharedArrayBuffer, reserveBytes: number) {
    super(memory);
    this.tail = Atomics.load(this.words, this.tailIndex); // 0, or where a test left it
    this.#gate = this.tail;
    this.#reserveUnits = alignedBytes(reserveBytes) >> UNIT_SHIFT;
  }

  /** Lets a reader in at the tail: it sees only what is written from now on. */
  attach(reader: number): void {
    Atomics.store(this.words, this.cursorIndex(reader), this.tail); // before the reader's life begins
    this.#live[reader] = 1;
  }

  /** Stops counting a reader's cursor. */
  detach(reader: number): void {
    this.#live[reader] = 0;
  }

  isLive(reader: number): boolean {
    return this.#live[reader] === 1;
  }

  /** Cursor of a live reader, fresh from memory. */
  cursor(reader: number): number {
    return Atomics.load(this.words, this.cursorIndex(reader)); // what the reader is done with
  }

  /** The slowest live cursor as it was last read. */
  get seenGate(): number {
    return this.#gate;
  }

  /** The slowest live cursor, fresh from memory; the tail when nobody reads. */
  gate(): number {
    let slowest = this.tail;
    let lag = 0;
    for (let r = 0; r < MAX_IO_THREADS; r++) {
      if (this.#live[r] === 0) continue;
      const cursor = Atomics.load(this.words, this.cursorIndex(r)); // what reader r is done with
      const behind = (this.tail - cursor) | 0;
      if (behind > lag) {
        lag = behind;
        slowest = cursor;
      }
    }
    this.#gate = slowest;
    return slowest;
  }

  /** Whether this many bytes are free, the reserve included. */
  hasRoom(bytes: number): boolean {
    const units = alignedBytes(bytes) >> UNIT_SHIFT;
    if (this.capacityUnits - ((this.tail - this.#gate) | 0) >= units) return true;
    return this.capacityUnits - ((this.tail - this.gate()) | 0) >= units;
  }

  /**
   * Reserves room for a record; returns the offset of its payload, or -1 while the slowest reader is in the way.
   * @param control may use the reserve.
   * @throws ERR_MESSAGE_TOO_LARGE when it could never fit.
   */
  claim(type: number, flags: number, payloadBytes: number, control: boolean): number {
    checkPayload(payloadBytes, this.capacity);
    const units = alignedBytes(RECORD_HEADER_BYTES + payloadBytes) >> UNIT_SHIFT;
    const index = this.tail & this.mask;
    const toEnd = this.capacityUnits - index;
    const needed = (units <= toEnd ? units : toEnd + units) + (control ? 0 : this.#reserveUnits);
    if (this.capacityUnits - ((this.tail - this.#gate) | 0) < needed) {
      if (this.capacityUnits - ((this.tail - this.gate()) | 0) < needed) return -1;
    }
    let start = index;
    if (units > toEnd) {
      const word = index << (UNIT_SHIFT - 2);
      this.words[word] = toEnd << UNIT_SHIFT;
      this.words[word + 1] = RECORD_PADDING;
      start = 0;
    }
    this.#claimedStart = start === index ? this.tail : (this.tail + toEnd) | 0;
    this.#claimedBytes = payloadBytes;
    this.#headerWord = (type & 0xff) | (flags << 8);
    return (start << UNIT_SHIFT) + RECORD_HEADER_BYTES;
  }

  /** Publishes the claimed record to all readers. */
  commit(): void {
    if (this.#claimedBytes < 0) throw new RangeError('commit without a claim');
    const length = RECORD_HEADER_BYTES + this.#claimedBytes;
    const word = (this.#claimedStart & this.mask) << (UNIT_SHIFT - 2);
    this.words[word] = length;
    this.words[word + 1] = this.#headerWord;
    this.tail = (this.#claimedStart + (alignedBytes(length) >> UNIT_SHIFT)) | 0;
    this.#claimedBytes = -1;
    Atomics.store(this.words, this.tailIndex, this.tail); // publishes the record to the I/O threads
  }
}

export class LogReader extends LogView {
  /** Of the record that `next` stands on. */
  type = 0;
  flags = 0;
  offset = 0;
  length = 0;
  /** Position of that record. */
  start: number;
  /** Position after that record. */
  position: number;

  readonly #cursorIndex: number;
  #seenTail: number;
  #committed: number;

  constructor(memory: SharedArrayBuffer, reader: number) {
    super(memory);
    this.#cursorIndex = this.cursorIndex(reader);
    this.position = Atomics.load(this.words, this.#cursorIndex); // set by the writer's attach
    this.start = this.position;
    this.#seenTail = this.position;
    this.#committed = this.position;
  }

  /** Steps to the next record; false when there is none. The record stays readable until `commit` passes it. */
  next(): boolean {
    for (;;) {
      if (this.position === this.#seenTail) {
        this.#seenTail = Atomics.load(this.words, this.tailIndex); // makes the writer's records visible
        if (this.position === this.#seenTail) return false;
      }
      const index = this.position & this.mask;
      const word = index << (UNIT_SHIFT - 2);
      const length = this.words[word];
      const header = this.words[word + 1];
      this.start = this.position;
      this.position = (this.start + (alignedBytes(length) >> UNIT_SHIFT)) | 0;
      if ((header & 0xff) === RECORD_PADDING) continue;
      this.type = header & 0xff;
      this.flags = header >>> 8;
      this.offset = (index << UNIT_SHIFT) + RECORD_HEADER_BYTES;
      this.length = length - RECORD_HEADER_BYTES;
      return true;
    }
  }

  /** Steps back onto the record just given by `next`. */
  unread(): void {
    this.position = this.start;
  }

  /** Lets the writer overwrite everything before a position that has been passed; false when it already could. */
  commit(position = this.position): boolean {
    if (this.#committed === position) return false;
    this.#committed = position;
    Atomics.store(this.words, this.#cursorIndex, position); // frees room for the coordinator
    return true;
  }

  /** True when everything published has been given by `next`. */
  isEmpty(): boolean {
    if (this.position !== this.#seenTail) return false;
    this.#seenTail = Atomics.load(this.words, this.tailIndex); // the writer's latest
    return this.position === this.#seenTail;
  }
}
