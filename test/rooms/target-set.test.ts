import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countBits, listBits } from '../../core/rooms/bitset.ts';
import { IntList } from '../../core/rooms/int-list.ts';
import { RoomIndex } from '../../core/rooms/room-index.ts';
import { SHAPE_DENSE, SHAPE_SPARSE, TargetSet } from '../../core/rooms/target-set.ts';
import { WordArena } from '../../core/shm/arena.ts';
import { Random } from '../support/random.ts';
import { ModelIndex } from './model.ts';

interface Query {
  rows?: number[];
  slots?: number[];
  exceptRows?: number[];
  exceptSlots?: number[];
}

function list(numbers: number[] = []): IntList {
  const filled = new IntList(1);
  for (const number of numbers) filled.push(number);
  return filled;
}

/** Resolves, checks what the shape promises, and returns the receivers in rising order. */
function resolve(targets: TargetSet, index: RoomIndex, query: Query): number[] {
  targets.resolve(index, list(query.rows), list(query.slots), list(query.exceptRows), list(query.exceptSlots));
  const { words, loWord, hiWord, count } = targets;
  if (targets.shape === SHAPE_SPARSE) {
    assert.ok(
      words.every((word) => word === 0),
      'scratch words are zero after a sparse result',
    );
    return [...targets.slots.subarray(0, count)].sort((a, b) => a - b);
  }
  assert.ok(words[loWord] !== 0 && words[hiWord - 1] !== 0, 'a dense result is trimmed');
  assert.equal(countBits(words, 0, words.length), count);
  const out = new Uint32Array(count);
  assert.equal(listBits(words, loWord, hiWord, out), count, 'no bit lies outside the hull');
  return [...out];
}

/** Cuts the result at the given slots as for I/O threads, and returns the pieces put together again. */
function cutAndJoin(targets: TargetSet, borders: number[]): number[] {
  const joined: number[] = [];
  for (let i = 1; i < borders.length; i++) {
    const [first, end] = [borders[i - 1], borders[i]];
    const piece: number[] = [];
    if (targets.shape === SHAPE_SPARSE) {
      const into = new Uint32Array(targets.count + 3).fill(0xffffffff);
      const copied = targets.copySlots(first, end, into, 2);
      assert.ok(into[0] === 0xffffffff && into[1] === 0xffffffff && into[2 + copied] === 0xffffffff);
      piece.push(...into.subarray(2, 2 + copied));
    } else {
      const lo = targets.firstWordInRange(first, end);
      const hi = targets.endWordInRange(lo, end);
      assert.ok(lo >= first >>> 5 && hi <= Math.ceil(end / 32) && lo <= hi);
      const into = new Uint32Array(hi - lo + 1);
      targets.copyWords(lo, hi, into, 1);
      assert.equal(into[0], 0);
      if (hi > lo) assert.ok(into[1] !== 0 && into[hi - lo] !== 0, 'a piece is trimmed');
      const out = new Uint32Array((hi - lo) * 32);
      const count = listBits(into, 1, into.length, out);
      for (const bit of out.subarray(0, count)) piece.push(bit + (lo - 1) * 32);
    }
    assert.equal(targets.countInRange(first, end), piece.length);
    for (const slot of piece) assert.ok(slot >= first && slot < end);
    joined.push(...piece);
  }
  return joined.sort((a, b) => a - b);
}

/** An index where row `n` has the members listed. */
function indexOf(slots: number, rows: number[][]): RoomIndex {
  const index = new RoomIndex(slots, new WordArena());
  rows.forEach((members, row) => {
    for (const slot of members) index.add(row, slot);
  });
  return index;
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, i) => i);

test('a small row gives a sparse result in rising order and a large row a dense one', () => {
  const index = indexOf(1024, [[1023, 31, 32, 0], upTo(500)]);
  const targets = new TargetSet(1024);
  assert.deepEqual(resolve(targets, index, { rows: [0] }), [0, 31, 32, 1023]);
  assert.equal(targets.shape, SHAPE_SPARSE);
  assert.deepEqual([...targets.slots.subarray(0, 4)], [0, 31, 32, 1023]);
  assert.deepEqual(resolve(targets, index, { rows: [1] }), upTo(500));
  assert.equal(targets.shape, SHAPE_DENSE);
  assert.equal(targets.hiWord, 16);
});

test('many small rows together give a dense result', () => {
  const rows = upTo(40).map((row) => upTo(30).map((i) => row * 30 + i));
  const index = indexOf(2048, rows);
  const targets = new TargetSet(2048);
  assert.deepEqual(resolve(targets, index, { rows: upTo(40) }), upTo(1200));
  assert.equal(targets.shape, SHAPE_DENSE);
});

test('nothing, an unknown row and a session that is gone are nobody', () => {
  const index = indexOf(1024, [[1], upTo(500)]);
  index.remove(0, 1);
  const targets = new TargetSet(1024);
  const gone = [-1, -1024, 1024, 2 ** 31 - 1];
  const alone: Query[] = [{}, { rows: [9, 0] }, { slots: gone }, { slots: upTo(100).fill(-1) }];
  for (const query of alone) {
    assert.deepEqual(resolve(targets, index, query), []);
    assert.equal(targets.count, 0);
    assert.equal(targets.countInRange(0, 1024), 0);
  }
  const all: Query = { rows: [9, 0, 1], slots: gone, exceptRows: [9, 0], exceptSlots: gone };
  assert.deepEqual(resolve(targets, index, all), upTo(500));
  assert.deepEqual(resolve(targets, index, { slots: [7, ...gone], exceptRows: [9], exceptSlots: gone }), [7]);
});

test('everything can be excepted, in both forms, and the next result is not affected', () => {
  const index = indexOf(1024, [[5, 6, 7], upTo(500), [5, 6], [7, 8]]);
  const targets = new TargetSet(1024);
  assert.deepEqual(resolve(targets, index, { rows: [0], exceptRows: [0] }), []);
  assert.deepEqual(resolve(targets, index, { rows: [0], exceptRows: [2, 3] }), []);
  assert.deepEqual(resolve(targets, index, { rows: [0], exceptRows: [1] }), []);
  assert.deepEqual(resolve(targets, index, { rows: [0], exceptSlots: [7, 6, 5] }), []);
  assert.deepEqual(resolve(targets, index, { rows: [1, 0], exceptRows: [1] }), []);
  assert.deepEqual(resolve(targets, index, { rows: [1], exceptSlots: upTo(500) }), []);
  assert.deepEqual(resolve(targets, index, { rows: [0] }), [5, 6, 7]);
  assert.deepEqual(resolve(targets, index, { rows: [1] }), upTo(500));
});

test('a slot that is both listed and excepted is excepted, and duplicates count once', () => {
  const index = indexOf(1024, [[5, 6, 7], upTo(500)]);
  const targets = new TargetSet(1024);
  assert.deepEqual(resolve(targets, index, { slots: [1, 2, 2, 3], exceptSlots: [2, 2] }), [1, 3]);
  assert.deepEqual(resolve(targets, index, { rows: [0, 0], slots: [6, 9] }), [5, 6, 7, 9]);
  assert.deepEqual(resolve(targets, index, { rows: [1, 1, 0], slots: [6, 600] }), [...upTo(500), 600]);
});

test('an excepted row much larger than the rest is searched, not walked, with the same result', () => {
  const index = indexOf(32_768, [[10, 20, 30], upTo(1000).map((i) => i * 20), upTo(5000)]);
  const targets = new TargetSet(32_768);
  assert.equal(index.row(1)!.dense, false);
  assert.deepEqual(resolve(targets, index, { rows: [0], exceptRows: [1] }), [10, 30]);
  assert.equal(index.row(2)!.dense, true);
  assert.deepEqual(resolve(targets, index, { rows: [0], exceptRows: [2] }), []);
});

test('the scratch memory of a target set stays the same through any number of results', () => {
  const index = indexOf(1024, [[5, 6, 7], upTo(500)]);
  const targets = new TargetSet(1024);
  const { words, slots } = targets;
  for (const query of [{ rows: [0, 1] }, { rows: [0], slots: [1] }, { rows: [1], exceptRows: [0] }]) {
    resolve(targets, index, query);
    assert.equal(targets.words, words);
    assert.equal(targets.slots, slots);
  }
});

const SIZES = [
  { slots: 20, rounds: 1500 },
  { slots: 1000, rounds: 1500 },
  { slots: 100_000, rounds: 60 },
];
for (const { slots, rounds } of SIZES) {
  test(`any mix of rows, slots and excepts over ${slots} slots agrees with a Map of Sets`, () => {
    const random = new Random();
    const index = new RoomIndex(slots, new WordArena());
    const model = new ModelIndex();
    const targets = new TargetSet(slots);
    const sizes = [0, 1, 3, slots / 100, slots / 40, slots / 30, slots / 10, slots / 2, slots, 1, 5, slots / 200];
    const fill = (row: number): void => {
      const first = random.below(slots);
      for (let i = Math.floor(sizes[row]); i > 0; i--) {
        // Half of the rows lie in one part of the slots, as rooms of one I/O thread do.
        const slot = row % 2 === 0 ? random.below(slots) : (first + i) % slots;
        index.add(row, slot);
        model.add(row, slot);
      }
    };
    for (let row = 0; row < sizes.length; row++) fill(row);
    const shapes = [0, 0];
    let emptied = 0;
    const numbers = (limit: number, most: number): number[] =>
      Array.from({ length: random.below(most + 1) }, () => (random.chance(0.05) ? -1 : random.below(limit)));
    for (let round = 0; round < rounds; round++) {
      if (random.chance(0.1)) {
        const row = random.below(sizes.length);
        index.free(row);
        model.free(row);
        fill(row);
      }
      const query = {
        rows: numbers(sizes.length + 2, 3).filter((row) => row >= 0),
        slots: numbers(slots, random.pick([0, 0, 3, 40])),
        exceptRows: numbers(sizes.length + 2, random.pick([0, 1, 3])).filter((row) => row >= 0),
        exceptSlots: numbers(slots, random.pick([0, 1, 40])),
      };
      const found = resolve(targets, index, query);
      const expected = model.resolve(query.rows, query.slots, query.exceptRows, query.exceptSlots);
      assert.deepEqual(Uint32Array.from(found), Uint32Array.from(expected), JSON.stringify(query));
      assert.equal(targets.count, expected.length);
      shapes[targets.shape]++;
      if (expected.length === 0) emptied++;
      const middle = [random.below(slots), random.below(slots)].map((slot) => slot & ~31).sort((a, b) => a - b);
      assert.deepEqual(
        Uint32Array.from(cutAndJoin(targets, [0, ...middle, slots])),
        Uint32Array.from(expected),
        `cut at ${middle}: ${JSON.stringify(query)}`,
      );
    }
    assert.ok(shapes[SHAPE_SPARSE] > emptied && shapes[SHAPE_DENSE] > 0, `both shapes came up: ${shapes}`);
  });
}
