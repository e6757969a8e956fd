/**
 * Blocks of 32-bit words in SharedArrayBuffer memory, for the rows of the room index.
 * The coordinator owns it and alone calls it; other threads may not allocate or free here.
 */

const WORD_BYTES = Uint32Array.BYTES_PER_ELEMENT;
/** Smallest block: 4 words. */
const MIN_CLASS = 2;
/** One chunk holds 64 bitset rows of 100,000 slots, and is small beside what such a server already uses. */
const DEFAULT_CHUNK_BYTES = 1 << 20;

/**
 * Size classes are powers of two. A block that was freed waits in the list of its class and never changes class, so what
 * is reserved is bounded by the high-water mark of each class, and no block is ever split, merged or moved.
 * The number of a block is that of its chunk and, in the low bits, its place there: a million blocks are no objects.
 */
export class WordArena {
  /** Base-2 logarithm of the words of a chunk. */
  readonly #chunkClass: number;
  readonly #chunks: Uint32Array[] = [];
  /** Freed blocks by class. */
  readonly #free: number[][] = [];
  /** The chunk that blocks are cut from, and the words of it handed out so far. */
  #current = -1;
  #carvedWords: number;
  #bytesReserved = 0;
  #bytesInUse = 0;

  /**
   * @param chunkBytes Memory taken from the system at a time, in bytes, rounded up to a power of two.
   * A larger block gets a chunk of its own. @default 1 MiB
   */
  constructor(chunkBytes: number = DEFAULT_CHUNK_BYTES) {
    this.#chunkClass = sizeClass(Math.ceil(chunkBytes / WORD_BYTES));
    this.#carvedWords = 1 << this.#chunkClass;
  }

  /** Bytes taken from the system; never falls. */
  get bytesReserved(): number {
    return this.#bytesReserved;
  }

  /** Bytes of the blocks in use, each rounded up to its class. */
  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  /** Number of a block of at least `words` words, so many of them zero; the caller's until it is freed. */
  allocate(words: number): number {
    const cls = sizeClass(words);
    const reused = this.#free[cls]?.pop();
    const block = reused ?? this.#carve(cls);
    if (reused !== undefined) this.memory(block).fill(0, this.start(block), this.start(block) + words);
    this.#bytesInUse += WORD_BYTES << cls;
    return block;
  }

  /** Takes back a block that `allocate(words)` returned, once. The caller must not touch it afterwards. */
  free(block: number, words: number): void {
    const cls = sizeClass(words);
    this.#bytesInUse -= WORD_BYTES << cls;
    this.#keep(cls, block);
  }

  /** The words of the chunk that a block is in. */
  memory(block: number): Uint32Array {
    return this.#chunks[block >>> this.#chunkClass];
  }

  /** Where in its chunk a block begins. */
  start(block: number): number {
    return block & ((1 << this.#chunkClass) - 1);
  }

  #carve(cls: number): number {
    const size = 1 << cls;
    const chunkWords = 1 << this.#chunkClass;
    if (size > chunkWords) return this.#reserve(size) << this.#chunkClass;
    if (this.#carvedWords + size > chunkWords) {
      this.#keepRest();
      this.#current = this.#reserve(chunkWords);
      this.#carvedWords = 0;
    }
    const block = (this.#current << this.#chunkClass) + this.#carvedWords;
    this.#carvedWords += size;
    return block;
  }

  /** Cuts what a full chunk has left into blocks of the classes that fit, so that it serves smaller requests. */
  #keepRest(): void {
    const endWords = 1 << this.#chunkClass;
    while (endWords - this.#carvedWords >= 1 << MIN_CLASS) {
      const cls = 31 - Math.clz32(endWords - this.#carvedWords);
      this.#keep(cls, (this.#current << this.#chunkClass) + this.#carvedWords);
      this.#carvedWords += 1 << cls;
    }
  }

  #keep(cls: number, block: number): void {
    this.#free[cls] ??= [];
    this.#free[cls].push(block);
  }

  /** Number of a new chunk. */
  #reserve(words: number): number {
    if (this.#chunks.length === 2 ** (32 - this.#chunkClass)) {
      throw new RangeError(`the room index has ${this.#chunks.length} chunks of memory: there are no more numbers`);
    }
    this.#bytesReserved += words * WORD_BYTES;
    return this.#chunks.push(new Uint32Array(new SharedArrayBuffer(words * WORD_BYTES))) - 1;
  }
}

/** Base-2 logarithm of the block that holds `words` words. */
function sizeClass(words: number): number {
  return Math.max(MIN_CLASS, 32 - Math.clz32(words - 1));
}
