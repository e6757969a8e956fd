/**
 * The members of one (namespace, room) as slots: sorted while they are few, a bitset when they are many.
 * The coordinator writes it; a change moves or replaces the block, so nobody may keep one across changes.
 */
import { addBit, dropBit, endOfUsedWords, firstUsedWord, listBits, setBit, testBit, wordsFor } from './bitset.ts';
import { lowerBound } from './lower-bound.ts';
import type { WordAllocator } from './word-allocator.ts';

/** Sorted slots a new row has room for. */
const MIN_CAPACITY = 4;

/**
 * A sorted row becomes a bitset when it has more members than the bitset has words (slots / 32): from there on the
 * bitset is the smaller one. It turns back at half of that, so a member coming and going at the border converts nothing.
 */
export class Row {
  readonly #allocator: WordAllocator;
  /** Words of the bitset form. */
  readonly #words: number;
  #block: Uint32Array;
  #dense = false;
  #cardinality = 0;
  /** Words in use of the bitset form, [lo, hi): the first and the last of them are not zero. */
  #loWord = 0;
  #hiWord = 0;

  /** @param slots Slots there are in all; members are below that. */
  constructor(slots: number, allocator: WordAllocator) {
    this.#allocator = allocator;
    this.#words = wordsFor(slots);
    this.#block = allocator.allocate(MIN_CAPACITY);
  }

  get cardinality(): number {
    return this.#cardinality;
  }

  /** True when `block` is a bitset, false when its first `cardinality` words are slots in rising order. */
  get dense(): boolean {
    return this.#dense;
  }

  get block(): Uint32Array {
    return this.#block;
  }

  /** The word the lowest member is in; 0 when there is none. */
  get loWord(): number {
    if (this.#dense) return this.#loWord;
    return this.#cardinality === 0 ? 0 : this.#block[0] >>> 5;
  }

  /** One past the word the highest member is in; 0 when there is none. */
  get hiWord(): number {
    if (this.#dense) return this.#hiWord;
    return this.#cardinality === 0 ? 0 : (this.#block[this.#cardinality - 1] >>> 5) + 1;
  }

  has(slot: number): boolean {
    if (this.#dense) return testBit(this.#block, slot);
    const at = lowerBound(this.#block, this.#cardinality, slot);
    return at < this.#cardinality && this.#block[at] === slot;
  }

  /** True when the slot was not a member. */
  add(slot: number): boolean {
    return this.#dense ? this.#addDense(slot) : this.#addSorted(slot);
  }

  /** True when the slot was a member. */
  remove(slot: number): boolean {
    return this.#dense ? this.#removeDense(slot) : this.#removeSorted(slot);
  }

  /** Gives the memory back. The row must not be used afterwards. */
  release(): void {
    this.#allocator.free(this.#block);
  }

  #addSorted(slot: number): boolean {
    const count = this.#cardinality;
    // Most joins come in the order slots were handed out: look at the end before searching.
    const atEnd = count === 0 || this.#block[count - 1] < slot;
    const at = atEnd ? count : lowerBound(this.#block, count, slot);
    if (!atEnd && this.#block[at] === slot) return false;
    if (count >= this.#words) {
      this.#toBitset();
      return this.#addDense(slot);
    }
    if (count === this.#block.length) this.#resize(2 * count);
    if (!atEnd) this.#block.copyWithin(at + 1, at, count);
    this.#block[at] = slot;
    this.#cardinality = count + 1;
    return true;
  }

  #removeSorted(slot: number): boolean {
    const count = this.#cardinality;
    const at = lowerBound(this.#block, count, slot);
    if (at === count || this.#block[at] !== slot) return false;
    this.#block.copyWithin(at, at + 1, count);
    this.#cardinality = count - 1;
    const capacity = this.#block.length;
    // A quarter, not a half: the smaller block is then half full and the next joins do not grow it again.
    if (capacity > MIN_CAPACITY && count - 1 <= capacity >>> 2) this.#resize(capacity >>> 1);
    return true;
  }

  #addDense(slot: number): boolean {
    if (!addBit(this.#block, slot)) return false;
    this.#cardinality++;
    const word = slot >>> 5;
    if (word < this.#loWord) this.#loWord = word;
    if (word >= this.#hiWord) this.#hiWord = word + 1;
    return true;
  }

  #removeDense(slot: number): boolean {
    if (!dropBit(this.#block, slot)) return false;
    this.#cardinality--;
    const word = slot >>> 5;
    if (word === this.#loWord) this.#loWord = firstUsedWord(this.#block, word, this.#hiWord);
    if (word === this.#hiWord - 1) this.#hiWord = endOfUsedWords(this.#block, this.#loWord, word + 1);
    if (this.#cardinality <= this.#words >>> 1) this.#toSorted();
    return true;
  }

  #resize(capacity: number): void {
    const block = this.#allocator.allocate(capacity);
    for (let i = 0; i < this.#cardinality; i++) block[i] = this.#block[i];
    this.#replaceBlock(block);
  }

  #toBitset(): void {
    const bits = this.#allocator.allocate(this.#words);
    for (let i = 0; i < this.#cardinality; i++) setBit(bits, this.#block[i]);
    this.#loWord = this.loWord;
    this.#hiWord = this.hiWord;
    this.#dense = true;
    this.#replaceBlock(bits);
  }

  #toSorted(): void {
    let capacity = MIN_CAPACITY;
    while (capacity <= this.#cardinality) capacity *= 2;
    const sorted = this.#allocator.allocate(capacity);
    listBits(this.#block, this.#loWord, this.#hiWord, sorted);
    this.#dense = false;
    this.#replaceBlock(sorted);
  }

  #replaceBlock(block: Uint32Array): void {
    this.#allocator.free(this.#block);
    this.#block = block;
  }
}
