/**
 * The free slots of one I/O thread's range. Owned by that thread alone, so nothing is shared.
 * Low numbers go first and the one released last goes out next: the slots in use stay dense, so the bitset words of a
 * target set stay few. A slot comes back only after its RELEASE was read in the log; that is the caller's to keep.
 */
import type { Slot } from './ids.ts';

export class SlotPool {
  readonly #first: number;
  readonly #free: Int32Array;
  readonly #taken: Uint8Array;
  #freeCount: number;

  /**
   * @param first number of the range's first slot
   * @param count slots in the range
   */
  constructor(first: number, count: number) {
    this.#first = first;
    this.#free = new Int32Array(count);
    this.#taken = new Uint8Array(count);
    this.#freeCount = count;
    for (let i = 0; i < count; i++) this.#free[i] = first + count - 1 - i;
  }

  /** Slots given out and not yet released. */
  get inUse(): number {
    return this.#free.length - this.#freeCount;
  }

  /** A free slot, or -1 when all are taken. */
  acquire(): Slot | -1 {
    if (this.#freeCount === 0) return -1;
    const slot = this.#free[--this.#freeCount];
    this.#taken[slot - this.#first] = 1;
    return slot as Slot;
  }

  /**
   * Takes a slot back.
   *
   * @throws RangeError for a slot that is not out: given to two clients, it would mix up their messages
   */
  release(slot: Slot): void {
    const index = slot - this.#first;
    if (this.#taken[index] !== 1) throw new RangeError(`Slot ${slot} was not acquired from this pool.`);
    this.#taken[index] = 0;
    this.#free[this.#freeCount++] = slot;
  }
}
