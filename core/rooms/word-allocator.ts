/**
 * What rows need from their memory: where the words lie is the business of whoever owns the allocator.
 */

export interface WordAllocator {
  /** A zeroed block of exactly `words` words. */
  allocate(words: number): Uint32Array;
  /** Takes back a block that `allocate` returned, once. */
  free(block: Uint32Array): void;
}
