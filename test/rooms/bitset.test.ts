import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addBit,
  andNotWords,
  copyWords,
  countBits,
  dropBit,
  endOfUsedWords,
  firstUsedWord,
  listBits,
  nextSetBit,
  orWords,
  setBit,
  testBit,
  wordsFor,
} from '../../core/rooms/bitset.ts';
import { lowerBound } from '../../core/rooms/lower-bound.ts';
import { Random } from '../support/random.ts';

const WORDS = 8;
const BITS = WORDS * 32;

function randomSet(random: Random): { words: Uint32Array; bits: Set<number> } {
  const words = new Uint32Array(WORDS);
  const bits = new Set<number>();
  const size = random.below(random.pick([2, 20, 400]));
  for (let i = 0; i < size; i++) {
    const bit = random.below(BITS);
    setBit(words, bit);
    bits.add(bit);
  }
  return { words, bits };
}

/** The bits of a set within a word range, rising. */
function within(bits: Set<number>, lo: number, hi: number): number[] {
  return [...bits].filter((bit) => bit >= lo * 32 && bit < hi * 32).sort((a, b) => a - b);
}

test('the number of words is rounded up', () => {
  assert.deepEqual([0, 1, 31, 32, 33, 64, 100_000].map(wordsFor), [0, 1, 1, 1, 2, 2, 3125]);
});

test('addBit and dropBit report a change exactly once, at every position of a word', () => {
  for (const bit of [0, 1, 30, 31, 32, 33, 62, 63, BITS - 1]) {
    const words = new Uint32Array(WORDS);
    assert.equal(dropBit(words, bit), false);
    assert.equal(addBit(words, bit), true);
    assert.equal(addBit(words, bit), false);
    assert.equal(testBit(words, bit), true);
    assert.equal(countBits(words, 0, WORDS), 1);
    assert.equal(nextSetBit(words, 0, WORDS), bit);
    assert.equal(dropBit(words, bit), true);
    assert.ok(words.every((word) => word === 0));
  }
});

test('a full word takes no further bit and counts 32', () => {
  const words = new Uint32Array(1).fill(0xffffffff);
  for (let bit = 0; bit < 32; bit++) assert.equal(addBit(words, bit), false);
  assert.equal(countBits(words, 0, 1), 32);
});

test('range operations agree with sets of numbers', () => {
  const random = new Random();
  for (let round = 0; round < 2000; round++) {
    const left = randomSet(random);
    const right = randomSet(random);
    const lo = random.below(WORDS + 1);
    const hi = random.between(lo, WORDS);
    const out = new Uint32Array(BITS);

    const expected = within(left.bits, lo, hi);
    assert.equal(countBits(left.words, lo, hi), expected.length);
    const count = listBits(left.words, lo, hi, out);
    assert.deepEqual([...out.subarray(0, count)], expected);
    const further = new Uint32Array(count + 2).fill(random.below(BITS));
    assert.equal(listBits(left.words, lo, hi, further, 1), count);
    assert.deepEqual([...further.subarray(1, count + 1)], expected);
    assert.equal(further[0], further[count + 1], 'nothing else is written');
    assert.equal(firstUsedWord(left.words, lo, hi), expected.length === 0 ? hi : expected[0] >>> 5);
    assert.equal(
      endOfUsedWords(left.words, lo, hi),
      expected.length === 0 ? lo : (expected[expected.length - 1] >>> 5) + 1,
    );
    const from = random.below(BITS);
    assert.equal(nextSetBit(left.words, from, hi), within(left.bits, 0, hi).find((bit) => bit >= from) ?? -1);

    const inRange = new Set(within(right.bits, lo, hi));
    for (const [operation, member] of [
      [copyWords, (bit: number) => (bit >>> 5 >= lo && bit >>> 5 < hi ? inRange.has(bit) : left.bits.has(bit))],
      [orWords, (bit: number) => left.bits.has(bit) || inRange.has(bit)],
      [andNotWords, (bit: number) => left.bits.has(bit) && !inRange.has(bit)],
    ] as const) {
      const into = left.words.slice();
      operation(into, right.words, lo, hi);
      for (let bit = 0; bit < BITS; bit++)
        assert.equal(testBit(into, bit), member(bit), `${operation.name} bit ${bit}`);
    }
  }
});

test('lowerBound finds the first element that is not below the value, within the range only', () => {
  const sorted = new Uint32Array([7, 7, 3, 5, 5, 9, 0, 0]);
  assert.deepEqual(
    [0, 3, 4, 5, 6, 9, 10].map((value) => lowerBound(sorted, 2, 6, value)),
    [2, 2, 3, 3, 5, 5, 6],
  );
  assert.equal(lowerBound(sorted, 2, 2, 7), 2);
});
