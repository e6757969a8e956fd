/**
 * The members of one (namespace, room) as slots: sorted while they are few, a bitset when they are many.
 * The coordinator writes it; a change moves the members, so nobody may keep `words` or `start` across changes.
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
  readonly #bitsetWords: number;
  /** Number of the block at the allocator, and the words it was asked for. */
  #block: number;
  #capacity = MIN_CAPACITY;
  #words: Uint32Array;
  #start: number;
  #dense = false;
  #cardinality = 0;
  /** Words in use of the bitset form, [lo, hi): the first and the last of them are not zero. */
  #loWord = 0;
  #hiWord = 0;

  /** @param slots Slots there are in all; members are below that. */
  constructor(slots: number, allocator: WordAllocator) {
    this.#allocator = allocator;
    this.#bitsetWords = wordsFor(slots);
    this.#block = allocator.allocate(MIN_CAPACITY);
    this.#words = allocator.memory(this.#block);
    this.#start = allocator.start(this.#block);
  }

  get cardinality(): number {
    return this.#cardinality;
  }

  /** True when `words` are a bitset, false when `cardinality` of them, from `start` on, are slots in rising order. */
  get dense(): boolean {
    return this.#dense;
  }

  get words(): Uint32Array {
    return this.#words;
  }

  /** 0 of a bitset. */
  get start(): number {
    return this.#start;
  }

  /** The word the lowest member is in; 0 when there is none. */
  get loWord(): number {
    if (this.#dense) return this.#loWord;
    return this.#cardinality === 0 ? 0 : this.#words[this.#start] >>> 5;
  }

  /** One past the word the highest member is in; 0 when there is none. */
  get hiWord(): number {
    if (this.#dense) return this.#hiWord;
    return this.#cardinality === 0 ? 0 : (this.#words[this.#start + this.#cardinality - 1] >>> 5) + 1;
  }

  has(slot: number): boolean {
    if (this.#dense) return testBit(this.#words, slot);
    const end = this.#start + this.#cardinality;
    const at = lowerBound(this.#words, this.#start, end, slot);
    return at < end && this.#words[at] === slot;
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
    this.#allocator.free(this.#block, this.#capacity);
  }

  #addSorted(slot: number): boolean {
    const count = this.#cardinality;
    const end = this.#start + count;
    // Most joins come in the order slots were handed out: look at the end before searching.
    const atEnd = count === 0 || this.#words[end - 1] < slot;
    const place = atEnd ? count : lowerBound(this.#words, this.#start, end, slot) - this.#start;
    if (!atEnd && this.#words[this.#start + place] === slot) return false;
    if (count >= this.#bitsetWords) {
      this.#toBitset();
      return this.#addDense(slot);
    }
    if (count === this.#capacity) this.#resize(2 * count);
    const at = this.#start + place;
    if (!atEnd) this.#words.copyWithin(at + 1, at, this.#start + count);
    this.#words[at] = slot;
    this.#cardinality = count + 1;
    return true;
  }

  #removeSorted(slot: number): boolean {
    const count = this.#cardinality;
    const end = this.#start + count;
    const at = lowerBound(this.#words, this.#start, end, slot);
    if (at === end || this.#words[at] !== slot) return false;
    this.#words.copyWithin(at, at + 1, end);
    this.#cardinality = count - 1;
    const capacity = this.#capacity;
    // A quarter, not a half: the smaller block is then half full and the next joins do not grow it again.
    if (capacity > MIN_CAPACITY && count - 1 <= capacity >>> 2) this.#resize(capacity >>> 1);
    return true;
  }

  #addDense(slot: number): boolean {
    if (!addBit(this.#words, slot)) return false;
    this.#cardinality++;
    const word = slot >>> 5;
    if (word < this.#loWord) this.#loWord = word;
    if (word >= this.#hiWord) this.#hiWord = word + 1;
    return true;
  }

  #removeDense(slot: number): boolean {
    if (!dropBit(this.#words, slot)) return false;
    this.#cardinality--;
    const word = slot >>> 5;
    if (word === this.#loWord) this.#loWord = firstUsedWord(this.#words, word, this.#hiWord);
    if (word === this.#hiWord - 1) this.#hiWord = endOfUsedWords(this.#words, this.#loWord, word + 1);
    if (this.#cardinality <= this.#bitsetWords >>> 1) this.#toSorted();
    return true;
  }

  #resize(capacity: number): void {
    const block = this.#allocator.allocate(capacity);
    const words = this.#allocator.memory(block);
    const start = this.#allocator.start(block);
    for (let i = 0; i < this.#cardinality; i++) words[start + i] = this.#words[this.#start + i];
    this.#moveTo(block, capacity, words, start);
  }

  #toBitset(): void {
    const block = this.#allocator.allocate(this.#bitsetWords);
    const start = this.#allocator.start(block);
    const bits = this.#allocator.memory(block).subarray(start, start + this.#bitsetWords);
    for (let i = 0; i < this.#cardinality; i++) setBit(bits, this.#words[this.#start + i]);
    this.#loWord = this.loWord;
    this.#hiWord = this.hiWord;
    this.#dense = true;
    this.#moveTo(block, this.#bitsetWords, bits, 0);
  }

  #toSorted(): void {
    let capacity = MIN_CAPACITY;
    while (capacity <= this.#cardinality) capacity *= 2;
    const block = this.#allocator.allocate(capacity);
    const words = this.#allocator.memory(block);
    const start = this.#allocator.start(block);
    listBits(this.#words, this.#loWord, this.#hiWord, words, start);
    this.#dense = false;
    this.#moveTo(block, capacity, words, start);
  }

  #moveTo(block: number, capacity: number, words: Uint32Array, start: number): void {
    this.#allocator.free(this.#block, this.#capacity);
    this.#block = block;
    this.#capacity = capacity;
    this.#words = words;
    this.#start = start;
  }
}
