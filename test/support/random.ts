/**
 * Seeded random numbers for tests. Every test file runs from one seed: `BROADSIDE_SEED`, or a fresh one.
 * A failing file prints its seed; setting the variable to it repeats the run.
 */

/** Seed of this process, an unsigned 32-bit integer. */
export const SEED = readSeed(process.env.BROADSIDE_SEED);

process.on('exit', (code) => {
  if (code !== 0) console.error(`repeat with BROADSIDE_SEED=${SEED}`);
});

/** A generator with a period of 2^32: one Weyl step per draw, mixed so that neighbouring seeds differ. */
export class Random {
  #state: number;

  constructor(seed: number = SEED) {
    this.#state = seed >>> 0;
  }

  /** An unsigned 32-bit integer. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    return (bits ^ (bits >>> 15)) >>> 0;
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  /** An integer in [low, high], both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.next() < probability * 2 ** 32;
  }

  /** One element of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}

/** A seed for the test of that name, from the seed of the process: tests with the same orders would find the same. */
export function seedOf(name: string): number {
  let seed = SEED;
  for (let i = 0; i < name.length; i++) seed = Math.imul(seed ^ name.charCodeAt(i), 0x01000193);
  return seed >>> 0;
}

function readSeed(text: string | undefined): number {
  if (text === undefined || text === '') return Math.floor(Math.random() * 2 ** 32);
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new RangeError(`BROADSIDE_SEED is ${text}, expected an integer from 0 to ${2 ** 32 - 1}`);
  }
  return seed;
}
