/**
 * One producer, one consumer byte queue over shared memory. Each side holds its own SpscRing over the same region and
 * calls only its half. Nobody waits in here: full is a value.
 *
 * claim → fill → commit on one side; next → read → free on the other. A record lies contiguous in the data.
 */
import {
  capacityOf,
  checkHeader,
  REGION_RING,
  RING_HEAD_OFFSET,
  RING_HEADER_OFFSET,
  RING_TAIL_OFFSET,
  RING_TRAILER_BYTES,
  RING_WAITING_OFFSET,
  UNIT_SHIFT,
  writeHeader,
} from './layout.ts';
import { alignedBytes, checkPayload, RECORD_HEADER_BYTES, RECORD_PADDING } from './record.ts';

/** A ring that starts over does so from this part of its capacity on. */
const START_OVER_FRACTION = 4;

export class SpscRing {
  /** Capacity of the data in bytes. */
  readonly capacity: number;
  /** The data as bytes; offsets that `claim` and `next` give index into it. */
  readonly bytes: Buffer;
  /** The same memory as words: `offset >> 2`. */
  readonly words: Int32Array;

  /** Of the record that `next` stands on. */
  type = 0;
  flags = 0;
  /** First byte of its payload. */
  offset = 0;
  /** Bytes of its payload. */
  length = 0;

  readonly #tailIndex: number;
  readonly #headIndex: number;
  readonly #waitingIndex: number;
  readonly #mask: number;
  readonly #capacityUnits: number;
  /** Producer: from this place on an empty ring is begun anew. */
  readonly #startOverUnits: number;

  // Producer: where the next record goes, and the head as last seen. Consumer: the tail as last seen and what is read.
  #tail: number;
  #head: number;
  #seenHead: number;
  #seenTail: number;
  #claimedStart = 0;
  #claimedBytes = -1;
  #headerWord = 0;

  /** Memory for a ring with this many bytes of data, a power of two. */
  static create(capacity: number): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(capacity + RING_TRAILER_BYTES);
    capacityOf(memory.byteLength, RING_TRAILER_BYTES);
    writeHeader(new Int32Array(memory), capacity + RING_HEADER_OFFSET, REGION_RING, capacity);
    return memory;
  }

  /**
   * @param startsOver The producer goes back to the beginning whenever it finds the ring empty, past a quarter: memory
   * that is not needed is never touched, and what is used stays in the processor's cache. Until the consumer reads on,
   * three quarters of the room are lost, and `usedBytes` counts them.
   * @throws ERR_LAYOUT_MISMATCH when the memory is no ring of this layout.
   */
  constructor(memory: SharedArrayBuffer, { startsOver = false } = {}) {
    this.capacity = capacityOf(memory.byteLength, RING_TRAILER_BYTES);
    this.bytes = Buffer.from(memory);
    this.words = new Int32Array(memory);
    checkHeader(this.words, this.capacity + RING_HEADER_OFFSET, REGION_RING, this.capacity);
    this.#tailIndex = (this.capacity + RING_TAIL_OFFSET) >> 2;
    this.#headIndex = (this.capacity + RING_HEAD_OFFSET) >> 2;
    this.#waitingIndex = (this.capacity + RING_WAITING_OFFSET) >> 2;
    this.#capacityUnits = this.capacity >> UNIT_SHIFT;
    this.#mask = this.#capacityUnits - 1;
    this.#startOverUnits = startsOver ? this.#capacityUnits / START_OVER_FRACTION : this.#capacityUnits;
    this.#tail = Atomics.load(this.words, this.#tailIndex); // from the producer before us, if it died
    this.#head = Atomics.load(this.words, this.#headIndex); // from the consumer before us
    this.#seenHead = this.#head;
    this.#seenTail = this.#tail;
  }

  // ── producer ──

  /**
   * Reserves room for a record. Returns the offset of its payload, or -1 when there is no room now.
   * Until `commit` nobody sees it; a claim that is never committed is simply overwritten by the next.
   * @throws ERR_MESSAGE_TOO_LARGE when it could never fit.
   */
  claim(type: number, flags: number, payloadBytes: number): number {
    checkPayload(payloadBytes, this.capacity);
    const units = alignedBytes(RECORD_HEADER_BYTES + payloadBytes) >> UNIT_SHIFT;
    const index = this.#tail & this.#mask;
    const toEnd = this.#capacityUnits - index;
    const wraps = units > toEnd || (index >= this.#startOverUnits && units <= index && this.#isDrained());
    if (!this.#hasRoom(wraps ? toEnd + units : units)) return -1;
    let start = index;
    if (wraps) {
      const word = index << (UNIT_SHIFT - 2);
      this.words[word] = toEnd << UNIT_SHIFT;
      this.words[word + 1] = RECORD_PADDING;
      start = 0;
    }
    this.#claimedStart = start === index ? this.#tail : (this.#tail + toEnd) | 0;
    this.#claimedBytes = payloadBytes;
    this.#headerWord = (type & 0xff) | (flags << 8);
    return (start << UNIT_SHIFT) + RECORD_HEADER_BYTES;
  }

  /** Publishes the claimed record, shortened to `payloadBytes` when fewer were filled than claimed. */
  commit(payloadBytes: number = this.#claimedBytes): void {
    if (payloadBytes < 0 || payloadBytes > this.#claimedBytes) {
      throw new RangeError(`commit of ${payloadBytes} bytes, ${this.#claimedBytes} claimed`);
    }
    const length = RECORD_HEADER_BYTES + payloadBytes;
    const word = (this.#claimedStart & this.#mask) << (UNIT_SHIFT - 2);
    this.words[word] = length;
    this.words[word + 1] = this.#headerWord;
    this.#tail = (this.#claimedStart + (alignedBytes(length) >> UNIT_SHIFT)) | 0;
    this.#claimedBytes = -1;
    Atomics.store(this.words, this.#tailIndex, this.#tail); // publishes the record to the consumer
  }

  /** Producer: position after the last committed record. */
  get position(): number {
    return this.#tail;
  }

  /** Producer: position up to which the consumer has freed, fresh from memory. */
  get freed(): number {
    this.#seenHead = Atomics.load(this.words, this.#headIndex); // what the consumer has freed
    return this.#seenHead;
  }

  /** Bytes the consumer has not freed yet; an upper bound that the other side may already have lowered. */
  get usedBytes(): number {
    this.#seenHead = Atomics.load(this.words, this.#headIndex); // what the consumer has freed
    return ((this.#tail - this.#seenHead) | 0) << UNIT_SHIFT;
  }

  /**
   * Blocks the producer until the consumer frees something, at most `timeoutMs`. Only the app thread and tests may.
   * Call after a `claim` that returned -1.
   */
  waitForRoom(timeoutMs: number): void {
    Atomics.store(this.words, this.#waitingIndex, 1); // asks the consumer to notify
    const head = Atomics.load(this.words, this.#headIndex); // re-read after the store: no lost wake-up
    if (head === this.#seenHead) Atomics.wait(this.words, this.#headIndex, head, timeoutMs);
    Atomics.store(this.words, this.#waitingIndex, 0); // consumer need not notify any more
  }

  #isDrained(): boolean {
    if (this.#seenHead === this.#tail) return true;
    this.#seenHead = Atomics.load(this.words, this.#headIndex); // what the consumer has freed
    return this.#seenHead === this.#tail;
  }

  #hasRoom(units: number): boolean {
    if (this.#capacityUnits - ((this.#tail - this.#seenHead) | 0) >= units) return true;
    this.#seenHead = Atomics.load(this.words, this.#headIndex); // what the consumer has freed
    return this.#capacityUnits - ((this.#tail - this.#seenHead) | 0) >= units;
  }

  // ── consumer ──

  /** Steps to the next record and sets `type`, `flags`, `offset`, `length`; false when there is none. */
  next(): boolean {
    for (;;) {
      if (this.#head === this.#seenTail) {
        this.#seenTail = Atomics.load(this.words, this.#tailIndex); // makes the producer's records visible
        if (this.#head === this.#seenTail) return false;
      }
      const index = this.#head & this.#mask;
      const word = index << (UNIT_SHIFT - 2);
      const length = this.words[word];
      const header = this.words[word + 1];
      this.#head = (this.#head + (alignedBytes(length) >> UNIT_SHIFT)) | 0;
      if ((header & 0xff) === RECORD_PADDING) continue;
      this.type = header & 0xff;
      this.flags = header >>> 8;
      this.offset = (index << UNIT_SHIFT) + RECORD_HEADER_BYTES;
      this.length = length - RECORD_HEADER_BYTES;
      return true;
    }
  }

  /** Steps back onto the record just given by `next`, so that a later `next` gives it again. */
  unread(): void {
    this.#head = (this.#head - (alignedBytes(RECORD_HEADER_BYTES + this.length) >> UNIT_SHIFT)) | 0;
  }

  /** Gives everything read so far back to the producer, and wakes it if it waits for room. */
  free(): void {
    Atomics.store(this.words, this.#headIndex, this.#head); // room for the producer
    if (Atomics.load(this.words, this.#waitingIndex) === 1) Atomics.notify(this.words, this.#headIndex); // it sleeps on head
  }

  /** True when the producer has published nothing that `next` has not given. */
  isEmpty(): boolean {
    if (this.#head !== this.#seenTail) return false;
    this.#seenTail = Atomics.load(this.words, this.#tailIndex); // the producer's latest
    return this.#head === this.#seenTail;
  }

  /** Consumer: position of the producer's tail, fresh from memory. */
  get published(): number {
    this.#seenTail = Atomics.load(this.words, this.#tailIndex); // the producer's latest
    return this.#seenTail;
  }

  /** Consumer: position up to which `next` has read. */
  get read(): number {
    return this.#head;
  }

  /** Bytes published and not read yet. */
  get unreadBytes(): number {
    this.#seenTail = Atomics.load(this.words, this.#tailIndex); // the producer's latest
    return ((this.#seenTail - this.#head) | 0) << UNIT_SHIFT;
  }
}
