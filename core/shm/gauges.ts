/**
 * Read-only views of the positions of a ring and of the log, for a thread that is neither end of them. They take no part
 * in the protocol: what they show is already past.
 */
import {
  capacityOf,
  LOG_TAIL_OFFSET,
  LOG_TRAILER_BYTES,
  logCursorOffset,
  RING_HEAD_OFFSET,
  RING_TAIL_OFFSET,
  RING_TRAILER_BYTES,
  UNIT_SHIFT,
} from './layout.ts';
import { RECORD_PADDING } from './record.ts';

/** Bytes between two positions. The later one is read last, so that a consumer that moves meanwhile gives no negative. */
function bytesBetween(words: Int32Array, earlier: number, later: number): number {
  const from = Atomics.load(words, earlier); // as far as the consumer has freed
  return ((Atomics.load(words, later) - from) | 0) << UNIT_SHIFT; // what the producer has published
}

export class RingGauge {
  readonly #words: Int32Array;
  readonly #headIndex: number;
  readonly #tailIndex: number;
  readonly #mask: number;

  /** @throws ERR_LAYOUT_MISMATCH when the memory cannot be a ring. */
  constructor(memory: SharedArrayBuffer) {
    const capacity = capacityOf(memory.byteLength, RING_TRAILER_BYTES);
    this.#words = new Int32Array(memory);
    this.#headIndex = (capacity + RING_HEAD_OFFSET) >> 2;
    this.#tailIndex = (capacity + RING_TAIL_OFFSET) >> 2;
    this.#mask = (capacity >> UNIT_SHIFT) - 1;
  }

  /** Bytes of records that the consumer has not freed. The end of the ring, where it was skipped, does not count. */
  get usedBytes(): number {
    const head = Atomics.load(this.#words, this.#headIndex); // as far as the consumer has freed
    const used = bytesBetween(this.#words, this.#headIndex, this.#tailIndex);
    const word = (head & this.#mask) << (UNIT_SHIFT - 2);
    const skipped = (this.#words[word + 1] & 0xff) === RECORD_PADDING ? this.#words[word] : 0;
    // Read under the consumer's hands it may be anything: then it has moved on.
    const moved = Atomics.load(this.#words, this.#headIndex) !== head;
    return used === 0 || moved ? used : used - skipped;
  }
}

export class LogGauge {
  readonly #words: Int32Array;
  readonly #capacity: number;

  /** @throws ERR_LAYOUT_MISMATCH when the memory cannot be a log. */
  constructor(memory: SharedArrayBuffer) {
    this.#capacity = capacityOf(memory.byteLength, LOG_TRAILER_BYTES);
    this.#words = new Int32Array(memory);
  }

  /** Bytes of records that a reader has not committed. Means nothing for a reader that is not alive. */
  lagBytes(reader: number): number {
    const cursor = (this.#capacity + logCursorOffset(reader)) >> 2;
    return bytesBetween(this.#words, cursor, (this.#capacity + LOG_TAIL_OFFSET) >> 2);
  }
}
