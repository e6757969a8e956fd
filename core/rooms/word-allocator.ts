/**
 * What rows need from their memory: where the words lie is the business of whoever owns the allocator.
 * Blocks have numbers instead of views, because a view weighs more than the block of a small row.
 */

export interface WordAllocator {
  /** Number of a block of at least `words` words, so many of them zero. */
  allocate(words: number): number;
  /** Takes back a block that `allocate(words)` returned, once. */
  free(block: number, words: number): void;
  /** The words around a block, which is at `start(block)` in them. They stay where they are. */
  memory(block: number): Uint32Array;
  start(block: number): number;
}
