/**
 * Bit operations over words somebody else owns: bit `n` is bit `n & 31` of word `n >>> 5`.
 * Ranges are word ranges [lo, hi). Nothing here allocates, checks bounds or keeps state.
 * hot: guarded by bench/micro/target-set.ts.
 */

/** Words that hold `bits` bits. */
export function wordsFor(bits: number): number {
  return (bits + 31) >>> 5;
}

export function setBit(words: Uint32Array, bit: number): void {
  words[bit >>> 5] |= 1 << bit;
}

export function testBit(words: Uint32Array, bit: number): boolean {
  return (words[bit >>> 5] & (1 << bit)) !== 0;
}

/** Sets the bit; true when it was clear. */
export function addBit(words: Uint32Array, bit: number): boolean {
  const word = bit >>> 5;
  const before = words[word];
  const after = before | (1 << bit);
  // `before` reads as unsigned, `after` as signed: compare as the same kind.
  if (after === (before | 0)) return false;
  words[word] = after;
  return true;
}

/** Clears the bit; true when it was set. */
export function dropBit(words: Uint32Array, bit: number): boolean {
  const word = bit >>> 5;
  const mask = 1 << bit;
  const before = words[word];
  if ((before & mask) === 0) return false;
  words[word] = before & ~mask;
  return true;
}

/** How many bits of the range are set. */
export function countBits(words: Uint32Array, lo: number, hi: number): number {
  let count = 0;
  for (let i = lo; i < hi; i++) {
    // Sums of neighbouring bits in fields of 2, 4 and 8 bits; the multiplication adds the four bytes into the top one.
    let fields = words[i] | 0;
    fields -= (fields >>> 1) & 0x55555555;
    fields = (fields & 0x33333333) + ((fields >>> 2) & 0x33333333);
    fields = (fields + (fields >>> 4)) & 0x0f0f0f0f;
    count += Math.imul(fields, 0x01010101) >>> 24;
  }
  return count;
}

/** into = from */
export function copyWords(into: Uint32Array, from: Uint32Array, lo: number, hi: number): void {
  for (let i = lo; i < hi; i++) into[i] = from[i];
}

/** into = into or from */
export function orWords(into: Uint32Array, from: Uint32Array, lo: number, hi: number): void {
  for (let i = lo; i < hi; i++) into[i] |= from[i];
}

/** into = into and not from */
export function andNotWords(into: Uint32Array, from: Uint32Array, lo: number, hi: number): void {
  for (let i = lo; i < hi; i++) into[i] &= ~from[i];
}

/** The first set bit at or after `bit` and before word `hi`, or -1. */
export function nextSetBit(words: Uint32Array, bit: number, hi: number): number {
  let i = bit >>> 5;
  if (i >= hi) return -1;
  let word = words[i] & (-1 << bit);
  while (word === 0) {
    if (++i >= hi) return -1;
    word = words[i] | 0;
  }
  return (i << 5) + 31 - Math.clz32(word & -word);
}

/** Writes the set bits of the range to `into` from index `at` on, in rising order; returns how many. */
export function listBits(words: Uint32Array, lo: number, hi: number, into: Uint32Array, at = 0): number {
  let to = at;
  for (let i = lo; i < hi; i++) {
    for (let word = words[i] | 0; word !== 0; word &= word - 1) {
      into[to++] = (i << 5) + 31 - Math.clz32(word & -word);
    }
  }
  return to - at;
}

/** The first word of the range that is not zero; `hi` when all are. */
export function firstUsedWord(words: Uint32Array, lo: number, hi: number): number {
  let i = lo;
  while (i < hi && words[i] === 0) i++;
  return i;
}

/** One past the last word of the range that is not zero; `lo` when all are. */
export function endOfUsedWords(words: Uint32Array, lo: number, hi: number): number {
  let i = hi;
  while (i > lo && words[i - 1] === 0) i--;
  return i;
}
