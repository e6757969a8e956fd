/**
 * Lists of numbers whose memory the garbage collector neither follows nor copies: a million memberships cost it nothing.
 * App thread; one arena serves all lists, since namespaces come by the thousand.
 */

/** Numbers a new list has room for, as a power of two. */
const MIN_CLASS = 2;
/** Numbers of a chunk: 256 KiB. The end of one that no block fits into is lost. */
const CHUNK_NUMBERS = 65_536;
/** The longest list, as a power of two: a sixty-fourth of a chunk, so that little is lost. */
const MAX_CLASS = 10;

/** Longest list there may be. */
export const MAX_NUMBERS = 1 << MAX_CLASS;

/** Block sizes are powers of two. A block keeps its size for ever and waits in the list of it while nobody uses it. */
const freeChunks: Int32Array[][] = Array.from({ length: MAX_CLASS + 1 }, () => []);
const freeStarts: number[][] = Array.from({ length: MAX_CLASS + 1 }, () => []);
let chunk = new Int32Array(0);
let carved = 0;

export class NumberList {
  #length = 0;
  #class = MIN_CLASS;
  #chunk!: Int32Array;
  #start = 0;

  constructor() {
    this.#take(MIN_CLASS);
  }

  get length(): number {
    return this.#length;
  }

  at(index: number): number {
    return this.#chunk[this.#start + index];
  }

  /** -1 when it is not there. */
  indexOf(number: number): number {
    // hot: four at a time take two thirds of the time, and nothing is allocated.
    const numbers = this.#chunk;
    const start = this.#start;
    const end = start + this.#length;
    let at = start;
    for (; at + 3 < end; at += 4) {
      if (numbers[at] === number) return at - start;
      if (numbers[at + 1] === number) return at + 1 - start;
      if (numbers[at + 2] === number) return at + 2 - start;
      if (numbers[at + 3] === number) return at + 3 - start;
    }
    for (; at < end; at++) if (numbers[at] === number) return at - start;
    return -1;
  }

  /** To be called below MAX_NUMBERS; returns the new length. */
  push(number: number): number {
    if (this.#length === 1 << this.#class) this.#grow();
    this.#chunk[this.#start + this.#length] = number;
    return ++this.#length;
  }

  /** Takes one out; the others keep their order. */
  removeAt(index: number): void {
    const end = this.#start + this.#length;
    this.#chunk.copyWithin(this.#start + index, this.#start + index + 1, end);
    this.#length--;
  }

  /** Gives the memory back. The list must not be used afterwards. */
  release(): void {
    freeChunks[this.#class].push(this.#chunk);
    freeStarts[this.#class].push(this.#start);
  }

  #grow(): void {
    const from = this.#chunk;
    const start = this.#start;
    this.release();
    this.#take(this.#class + 1); // of another size than what was given back: nothing is overwritten
    for (let i = 0; i < this.#length; i++) this.#chunk[this.#start + i] = from[start + i];
  }

  #take(size: number): void {
    this.#class = size;
    const free = freeChunks[size].pop();
    if (free !== undefined) {
      this.#chunk = free;
      this.#start = freeStarts[size].pop() as number;
      return;
    }
    if (carved + (1 << size) > chunk.length) {
      chunk = new Int32Array(CHUNK_NUMBERS);
      carved = 0;
    }
    this.#chunk = chunk;
    this.#start = carved;
    carved += 1 << size;
  }
}
