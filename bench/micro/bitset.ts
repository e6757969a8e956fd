/** Set algebra over 10,000 slots: bitset words against JavaScript Sets. */
import assert from 'node:assert/strict';
import { andNotWords, copyWords, countBits, listBits, orWords, setBit, wordsFor } from '../../core/rooms/bitset.ts';
import { compare } from './compare.ts';

const SLOTS = 10_000;
const WORDS = wordsFor(SLOTS);
const STEPS = [2, 3, 5];

const bitsets = STEPS.map((step) => {
  const words = new Uint32Array(WORDS);
  for (let slot = 0; slot < SLOTS; slot += step) setBit(words, slot);
  return words;
});
const sets = STEPS.map((step) => {
  const set = new Set<number>();
  for (let slot = 0; slot < SLOTS; slot += step) set.add(slot);
  return set;
});

const result = new Uint32Array(WORDS);
const listed = new Uint32Array(SLOTS);

function combineBits(): number {
  copyWords(result, bitsets[0], 0, WORDS);
  orWords(result, bitsets[1], 0, WORDS);
  andNotWords(result, bitsets[2], 0, WORDS);
  return countBits(result, 0, WORDS);
}

function combineSets(): Set<number> {
  const combined = new Set(sets[0]);
  for (const slot of sets[1]) combined.add(slot);
  for (const slot of sets[2]) combined.delete(slot);
  return combined;
}

function sumBits(): number {
  let sum = 0;
  const count = listBits(result, 0, WORDS, listed);
  for (let i = 0; i < count; i++) sum += listed[i];
  return sum;
}

const combined = combineSets();

function sumSet(): number {
  let sum = 0;
  for (const slot of combined) sum += slot;
  return sum;
}

assert.equal(combineBits(), combined.size);
assert.equal(sumBits(), sumSet());
await compare('a or b, not c, over 10,000 slots', { 'bitset words': combineBits, Set: () => combineSets().size });
await compare(`walk ${combined.size} members`, { 'bitset words': sumBits, Set: sumSet });
