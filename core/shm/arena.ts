/**
 * Blocks of 32-bit words in SharedArrayBuffer memory, for the rows of the room index.
 * The coordinator owns it and alone calls it; other threads may not allocate or free here.
 */

const WORD_BYTES = Uint32Array.BYTES_PER_ELEMENT;
/** Smallest block: 4 words. A view object weighs more than that, so smaller blocks would save nothing. */
const MIN_CLASS = 2;
/** One chunk holds 64 bitset rows of 100,000 slots, and is small beside what such a server already uses. */
const DEFAULT_CHUNK_BYTES = 1 << 20;

/**
 * Size classes are powers of two. A block that was freed waits in the list of its class and never changes class, so what
 * is reserved is bounded by the high-water mark of each class, and no block is ever split, merged or moved.
 */
export class WordArena {
  readonly #chunkWords: number;
  /** Freed blocks by class, each a view as long as its last user asked for. */
  readonly #free: Uint32Array[][] = [];
  #chunk = new SharedArrayBuffer(0);
  /** Words of the current chunk handed out so far. */
  #carvedWords = 0;
  #bytesReserved = 0;
  #bytesInUse = 0;

  /**
   * @param chunkBytes Memory taken from the system at a time, in bytes, rounded up to a power of two.
   * A larger block gets a chunk of its own. @default 1 MiB
   */
  constructor(chunkBytes: number = DEFAULT_CHUNK_BYTES) {
    this.#chunkWords = 1 << sizeClass(Math.ceil(chunkBytes / WORD_BYTES));
  }

  /** Bytes taken from the system; never falls. */
  get bytesReserved(): number {
    return this.#bytesReserved;
  }

  /** Bytes of the blocks in use, each rounded up to its class. */
  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  /** A zeroed block of exactly `words` words, the caller's until it is freed. */
  allocate(words: number): Uint32Array {
    const cls = sizeClass(words);
    const reused = this.#free[cls]?.pop();
    this.#bytesInUse += WORD_BYTES << cls;
    if (reused === undefined) return this.#carve(cls, words);
    const block = reused.length === words ? reused : new Uint32Array(reused.buffer, reused.byteOffset, words);
    return block.fill(0);
  }

  /** Takes back a block, as `allocate` returned it, once. The caller must not touch it afterwards. */
  free(block: Uint32Array): void {
    const cls = sizeClass(block.length);
    this.#bytesInUse -= WORD_BYTES << cls;
    this.#keep(cls, block);
  }

  #carve(cls: number, words: number): Uint32Array {
    const size = 1 << cls;
    if (size > this.#chunkWords) return new Uint32Array(this.#reserve(size), 0, words);
    if (this.#carvedWords + size > this.#chunk.byteLength / WORD_BYTES) {
      this.#keepRest();
      this.#chunk = this.#reserve(this.#chunkWords);
      this.#carvedWords = 0;
    }
    const block = new Uint32Array(this.#chunk, this.#carvedWords * WORD_BYTES, words);
    this.#carvedWords += size;
    return block;
  }

  /** Cuts what a full chunk has left into blocks of the classes that fit, so that it serves smaller requests. */
  #keepRest(): void {
    const endWords = this.#chunk.byteLength / WORD_BYTES;
    while (endWords - this.#carvedWords >= 1 << MIN_CLASS) {
      const cls = 31 - Math.clz32(endWords - this.#carvedWords);
      this.#keep(cls, new Uint32Array(this.#chunk, this.#carvedWords * WORD_BYTES, 1 << cls));
      this.#carvedWords += 1 << cls;
    }
  }

  #keep(cls: number, block: Uint32Array): void {
    this.#free[cls] ??= [];
    this.#free[cls].push(block);
  }

  #reserve(words: number): SharedArrayBuffer {
    const chunk = new SharedArrayBuffer(words * WORD_BYTES);
    this.#bytesReserved += chunk.byteLength;
    return chunk;
  }
}

/** Base-2 logarithm of the block that holds `words` words. */
function sizeClass(words: number): number {
  return Math.max(MIN_CLASS, 32 - Math.clz32(words - 1));
}
