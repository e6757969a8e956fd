/**
 * The receivers of one broadcast: union of rows and slots, minus the members of other rows and other slots.
 * The coordinator resolves one per record and cuts it by I/O thread; the result holds until the next `resolve`.
 * hot: nothing here allocates after construction; guarded by bench/micro/target-set.ts.
 */
import {
  addBit,
  andNotWords,
  copyWords,
  countBits,
  dropBit,
  endOfUsedWords,
  firstUsedWord,
  orWords,
  setBit,
  wordsFor,
} from './bitset.ts';
import type { IntList } from './int-list.ts';
import { lowerBound } from './lower-bound.ts';
import type { RoomIndex } from './room-index.ts';
import type { Row } from './row.ts';

/** The result is `slots`, its first `count` elements. */
export const SHAPE_SPARSE = 0;
/** The result is the bits of `words` in [loWord, hiWord); there is at least one. */
export const SHAPE_DENSE = 1;
export type Shape = typeof SHAPE_SPARSE | typeof SHAPE_DENSE;

/**
 * A sorted row to except is marked bit by bit if it is at most this many times larger than what it is excepted from;
 * beyond that a binary search per candidate is cheaper than walking the row.
 */
const MARK_RATIO = 8;

export class TargetSet {
  readonly #slotCount: number;
  /** Bits of a dense result, and which slots were seen while a sparse one is collected; zero outside [lo, hi). */
  readonly #words: Uint32Array;
  /** As many slots as there are words: a longer list would be larger than the bitset. */
  readonly #slots: Uint32Array;
  #shape: Shape = SHAPE_SPARSE;
  #count = 0;
  #loWord = 0;
  #hiWord = 0;
  /** Whether a sparse result is in rising order, so that a range of it can be searched for. */
  #sorted = true;

  /** @param slots Slots there are in all, as in the room index. */
  constructor(slots: number) {
    this.#slotCount = slots;
    this.#words = new Uint32Array(wordsFor(slots));
    this.#slots = new Uint32Array(this.#words.length);
  }

  get shape(): Shape {
    return this.#shape;
  }

  /** Receivers in all. */
  get count(): number {
    return this.#count;
  }

  /** Each receiver once, in no particular order; only when sparse. */
  get slots(): Uint32Array {
    return this.#slots;
  }

  /** Bit per receiver; words outside [loWord, hiWord) are zero. Only when dense. */
  get words(): Uint32Array {
    return this.#words;
  }

  /** The first word that is not zero; only when dense. */
  get loWord(): number {
    return this.#loWord;
  }

  /** One past the last word that is not zero; only when dense. */
  get hiWord(): number {
    return this.#hiWord;
  }

  /**
   * Replaces the result. Unknown rows, negative slots (a session that is gone) and slots past the end are nobody; what
   * is listed twice counts once. The lists stay the caller's.
   */
  resolve(index: RoomIndex, rows: IntList, slots: IntList, exceptRows: IntList, exceptSlots: IntList): void {
    this.#words.fill(0, this.#loWord, this.#hiWord);
    this.#loWord = 0;
    this.#hiWord = 0;

    let bound = slots.length;
    let sources = slots.length;
    let anyDense = false;
    let last: Row | undefined;
    for (let i = 0; i < rows.length; i++) {
      const row = index.row(rows.values[i]);
      if (row === undefined || row.cardinality === 0) continue;
      bound += row.cardinality;
      sources++;
      if (row.dense) anyDense = true;
      last = row;
    }
    this.#sorted = sources <= 1;
    const noExcepts = exceptRows.length === 0 && exceptSlots.length === 0;
    if (last !== undefined && !anyDense && sources === 1 && noExcepts) this.#copySorted(last);
    else if (anyDense || bound > this.#slots.length) this.#resolveDense(index, rows, slots, exceptRows, exceptSlots);
    else this.#resolveSparse(index, rows, slots, exceptRows, exceptSlots, bound);
  }

  /** Receivers with a slot in [firstSlot, endSlot). When dense, `firstSlot` is a multiple of 32, `endSlot` too or the end. */
  countInRange(firstSlot: number, endSlot: number): number {
    if (this.#shape === SHAPE_DENSE) {
      const lo = Math.max(firstSlot >>> 5, this.#loWord);
      const hi = Math.min(wordsFor(endSlot), this.#hiWord);
      return lo === this.#loWord && hi === this.#hiWord ? this.#count : countBits(this.#words, lo, hi);
    }
    if (this.#sorted) {
      return lowerBound(this.#slots, 0, this.#count, endSlot) - lowerBound(this.#slots, 0, this.#count, firstSlot);
    }
    let count = 0;
    for (let i = 0; i < this.#count; i++) {
      if (this.#slots[i] >= firstSlot && this.#slots[i] < endSlot) count++;
    }
    return count;
  }

  /** Copies the receivers of a sparse result in [firstSlot, endSlot) to `into` from index `at`; returns how many. */
  copySlots(firstSlot: number, endSlot: number, into: Uint32Array, at: number): number {
    const start = this.#sorted ? lowerBound(this.#slots, 0, this.#count, firstSlot) : 0;
    const end = this.#sorted ? lowerBound(this.#slots, 0, this.#count, endSlot) : this.#count;
    let to = at;
    for (let i = start; i < end; i++) {
      const slot = this.#slots[i];
      if (slot >= firstSlot && slot < endSlot) into[to++] = slot;
    }
    return to - at;
  }

  /** Of a dense result, the first word of [firstSlot, endSlot) that is not zero; when all are, the end of the range. */
  firstWordInRange(firstSlot: number, endSlot: number): number {
    const end = wordsFor(endSlot);
    const hi = Math.min(end, this.#hiWord);
    const word = firstUsedWord(this.#words, Math.max(firstSlot >>> 5, this.#loWord), hi);
    return word < hi ? word : end;
  }

  /** Of a dense result, one past the last word in [firstWord, end of the range) that is not zero; `firstWord` if none is. */
  endWordInRange(firstWord: number, endSlot: number): number {
    return endOfUsedWords(this.#words, firstWord, Math.min(wordsFor(endSlot), Math.max(firstWord, this.#hiWord)));
  }

  /** Copies the words [firstWord, endWord) of a dense result to `into` from index `at`. */
  copyWords(firstWord: number, endWord: number, into: Uint32Array, at: number): void {
    for (let i = firstWord; i < endWord; i++) into[at + i - firstWord] = this.#words[i];
  }

  /** One sorted row and nothing to except: its members are the result. */
  #copySorted(row: Row): void {
    this.#shape = SHAPE_SPARSE;
    const { words, start, cardinality } = row;
    this.#count = cardinality;
    for (let i = 0; i < cardinality; i++) this.#slots[i] = words[start + i];
  }

  /** Few candidates: collects each once, touching no more than its own bit of the scratch words. */
  #resolveSparse(
    index: RoomIndex,
    rows: IntList,
    slots: IntList,
    exceptRows: IntList,
    exceptSlots: IntList,
    bound: number,
  ): void {
    this.#shape = SHAPE_SPARSE;
    const seen = this.#words;
    const out = this.#slots;
    // A slot to except looks as if it had been collected already.
    this.#markExcepts(index, exceptRows, exceptSlots, bound);
    let count = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = index.row(rows.values[i]);
      if (row === undefined) continue;
      const members = row.words;
      const end = row.start + row.cardinality;
      for (let j = row.start; j < end; j++) {
        if (addBit(seen, members[j])) out[count++] = members[j];
      }
    }
    for (let i = 0; i < slots.length; i++) {
      const slot = slots.values[i] >>> 0;
      if (slot < this.#slotCount && addBit(seen, slot)) out[count++] = slot;
    }
    for (let i = 0; i < count; i++) seen[out[i] >>> 5] = 0;
    this.#clearMarks(index, exceptRows, exceptSlots, bound);
    for (let i = 0; i < exceptRows.length && count > 0; i++) {
      const row = index.row(exceptRows.values[i]);
      if (row === undefined || isMarked(row, bound)) continue;
      let kept = 0;
      for (let j = 0; j < count; j++) {
        if (!row.has(out[j])) out[kept++] = out[j];
      }
      count = kept;
    }
    this.#count = count;
  }

  #markExcepts(index: RoomIndex, exceptRows: IntList, exceptSlots: IntList, bound: number): void {
    for (let i = 0; i < exceptSlots.length; i++) {
      const slot = exceptSlots.values[i] >>> 0;
      if (slot < this.#slotCount) setBit(this.#words, slot);
    }
    for (let i = 0; i < exceptRows.length; i++) {
      const row = index.row(exceptRows.values[i]);
      if (row === undefined || !isMarked(row, bound)) continue;
      const end = row.start + row.cardinality;
      for (let j = row.start; j < end; j++) setBit(this.#words, row.words[j]);
    }
  }

  #clearMarks(index: RoomIndex, exceptRows: IntList, exceptSlots: IntList, bound: number): void {
    for (let i = 0; i < exceptSlots.length; i++) {
      const slot = exceptSlots.values[i] >>> 0;
      if (slot < this.#slotCount) this.#words[slot >>> 5] = 0;
    }
    for (let i = 0; i < exceptRows.length; i++) {
      const row = index.row(exceptRows.values[i]);
      if (row === undefined || !isMarked(row, bound)) continue;
      const end = row.start + row.cardinality;
      for (let j = row.start; j < end; j++) this.#words[row.words[j] >>> 5] = 0;
    }
  }

  /** Many candidates: word operations over the hull of the rows. The count is kept by the bit while that is exact. */
  #resolveDense(index: RoomIndex, rows: IntList, slots: IntList, exceptRows: IntList, exceptSlots: IntList): void {
    this.#shape = SHAPE_DENSE;
    const words = this.#words;
    let count = 0;
    let exact = true;
    let lo = words.length;
    let hi = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = index.row(rows.values[i]);
      if (row === undefined || !row.dense) continue;
      if (hi === 0) {
        copyWords(words, row.words, row.loWord, row.hiWord);
        count = row.cardinality;
      } else {
        orWords(words, row.words, row.loWord, row.hiWord);
        exact = false;
      }
      lo = Math.min(lo, row.loWord);
      hi = Math.max(hi, row.hiWord);
    }
    for (let i = 0; i < rows.length; i++) {
      const row = index.row(rows.values[i]);
      if (row === undefined || row.dense || row.cardinality === 0) continue;
      const end = row.start + row.cardinality;
      for (let j = row.start; j < end; j++) if (addBit(words, row.words[j])) count++;
      lo = Math.min(lo, row.loWord);
      hi = Math.max(hi, row.hiWord);
    }
    for (let i = 0; i < slots.length; i++) {
      const slot = slots.values[i] >>> 0;
      if (slot >= this.#slotCount) continue;
      if (addBit(words, slot)) count++;
      lo = Math.min(lo, slot >>> 5);
      hi = Math.max(hi, (slot >>> 5) + 1);
    }
    for (let i = 0; i < exceptRows.length; i++) {
      const row = index.row(exceptRows.values[i]);
      if (row === undefined) continue;
      if (row.dense) {
        andNotWords(words, row.words, Math.max(lo, row.loWord), Math.min(hi, row.hiWord));
        exact = false;
      } else {
        const end = row.start + row.cardinality;
        for (let j = row.start; j < end; j++) if (dropBit(words, row.words[j])) count--;
      }
    }
    for (let i = 0; i < exceptSlots.length; i++) {
      const slot = exceptSlots.values[i] >>> 0;
      if (slot < this.#slotCount && dropBit(words, slot)) count--;
    }
    lo = firstUsedWord(words, lo, hi);
    hi = endOfUsedWords(words, lo, hi);
    this.#count = exact ? count : countBits(words, lo, hi);
    if (this.#count === 0) {
      this.#shape = SHAPE_SPARSE;
      return;
    }
    this.#loWord = lo;
    this.#hiWord = hi;
  }
}

function isMarked(row: Row, bound: number): boolean {
  return !row.dense && row.cardinality <= MARK_RATIO * bound;
}
