/** This thread's part of a record's targets, as a list of local slots. Kept from record to record: nothing is allocated per record. */
import { TARGET_TABLE_WORDS } from '../records.ts';
import type { SlotRange } from '../slot-ranges.ts';

export class TargetSlots {
  /** Local slots; the first `count` are valid. */
  slots = new Int32Array(64);
  count = 0;

  readonly #thread: number;
  readonly #threads: number;
  readonly #firstSlot: number;
  readonly #firstWord: number;

  /**
   * @param thread this I/O thread
   * @param threads I/O threads in all, as in the records
   * @param range slots of this thread
   */
  constructor(thread: number, threads: number, range: SlotRange) {
    this.#thread = thread;
    this.#threads = threads;
    this.#firstSlot = range.first;
    this.#firstWord = range.first >>> 5;
  }

  /** Lists what the target table that begins at word `table` says of this thread. */
  read(words: Int32Array, table: number): void {
    let at = table + this.#threads * TARGET_TABLE_WORDS;
    for (let i = 0; i < this.#thread; i++) at += Math.abs(words[table + i * TARGET_TABLE_WORDS]);
    const size = words[table + this.#thread * TARGET_TABLE_WORDS];
    this.count = 0;
    if (size > 0) {
      this.#reserve(size);
      for (let i = 0; i < size; i++) this.slots[this.count++] = words[at + i] - this.#firstSlot;
      return;
    }
    this.#reserve(-size * 32);
    const firstWord = words[table + this.#thread * TARGET_TABLE_WORDS + 1] - this.#firstWord;
    for (let i = 0; i < -size; i++) {
      const base = (firstWord + i) << 5;
      for (let bits = words[at + i]; bits !== 0; bits &= bits - 1) {
        this.slots[this.count++] = base + 31 - Math.clz32(bits & -bits);
      }
    }
  }

  #reserve(size: number): void {
    if (size > this.slots.length) this.slots = new Int32Array(Math.max(size, this.slots.length * 2));
  }
}
