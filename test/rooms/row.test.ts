import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listBits } from '../../core/rooms/bitset.ts';
import { Row } from '../../core/rooms/row.ts';
import { WordArena } from '../../core/shm/arena.ts';
import { Random } from '../support/random.ts';

function members(row: Row): number[] {
  if (!row.dense) return [...row.words.subarray(row.start, row.start + row.cardinality)];
  const out = new Uint32Array(row.cardinality);
  assert.equal(listBits(row.words, 0, row.words.length, out), row.cardinality);
  return [...out];
}

/** Everything a row says about itself, against the set it should be. */
function assertRow(row: Row, model: Set<number>): void {
  const expected = [...model].sort((a, b) => a - b);
  assert.equal(row.cardinality, model.size);
  assert.deepEqual(members(row), expected);
  assert.equal(row.loWord, expected.length === 0 ? 0 : expected[0] >>> 5);
  assert.equal(row.hiWord, expected.length === 0 ? 0 : (expected[expected.length - 1] >>> 5) + 1);
}

test('a row turns into a bitset past slots / 32 members and back at half of that', () => {
  const row = new Row(3200, new WordArena());
  for (let slot = 0; slot < 100; slot++) row.add(slot * 7);
  assert.equal(row.dense, false);
  row.add(3199);
  assert.equal(row.dense, true);
  assert.equal(row.cardinality, 101);
  for (let i = 0; i < 3; i++) {
    row.remove(3199);
    assert.equal(row.dense, true, 'a member that comes and goes at the border converts nothing');
    row.add(3199);
  }
  for (let slot = 99; slot >= 50; slot--) row.remove(slot * 7);
  assert.equal(row.cardinality, 51);
  assert.equal(row.dense, true);
  row.remove(0);
  assert.equal(row.dense, false);
  assertRow(row, new Set([...Array.from({ length: 49 }, (_, i) => (i + 1) * 7), 3199]));
});

test('the first and the last bit of a word, and the last slot, are members like others in both forms', () => {
  const edges = [0, 31, 32, 63, 64, 991, 992, 1022, 1023];
  for (const filler of [0, 200]) {
    const row = new Row(1024, new WordArena());
    const model = new Set<number>();
    for (let slot = 100; slot < 100 + filler; slot++) {
      row.add(slot);
      model.add(slot);
    }
    for (const slot of edges) {
      assert.equal(row.has(slot), false);
      assert.equal(row.add(slot), true);
      assert.equal(row.add(slot), false);
      assert.equal(row.has(slot), true);
      model.add(slot);
      assertRow(row, model);
    }
    assert.equal(row.dense, filler > 0);
    for (const slot of edges) {
      assert.equal(row.remove(slot), true);
      assert.equal(row.remove(slot), false);
      model.delete(slot);
      assertRow(row, model);
    }
  }
});

test('a row over a single word and over a single slot works', () => {
  for (const slots of [1, 2, 31, 32]) {
    const row = new Row(slots, new WordArena());
    const model = new Set<number>();
    for (let slot = slots - 1; slot >= 0; slot--) {
      assert.equal(row.add(slot), true);
      model.add(slot);
      assertRow(row, model);
    }
    for (let slot = 0; slot < slots; slot++) {
      assert.equal(row.remove(slot), true);
      model.delete(slot);
      assertRow(row, model);
    }
    assert.equal(row.dense, false);
  }
});

test('a row that shrank gives memory back, and all of it when it is released', () => {
  const arena = new WordArena();
  const row = new Row(32_000, arena);
  for (let slot = 0; slot < 1000; slot++) row.add(slot);
  assert.equal(arena.bytesInUse, 4096);
  for (let slot = 999; slot > 0; slot--) row.remove(slot);
  assert.equal(arena.bytesInUse, 16);
  row.release();
  assert.equal(arena.bytesInUse, 0);
});

test('rows that share their memory do not touch each other', () => {
  const random = new Random();
  const arena = new WordArena(4096);
  const slots = 2048;
  const rows = Array.from({ length: 60 }, () => ({ row: new Row(slots, arena), model: new Set<number>() }));
  for (let step = 1; step <= 40_000; step++) {
    const { row, model } = rows[random.below(rows.length)];
    const slot = random.below(slots);
    // By turns they grow and shrink, so that blocks change hands.
    if (random.chance(step % 10_000 < 5_000 ? 0.8 : 0.2)) {
      row.add(slot);
      model.add(slot);
    } else {
      const gone = [...model][0] ?? slot;
      row.remove(gone);
      model.delete(gone);
    }
    if (step % 2_000 === 0) for (const each of rows) assertRow(each.row, each.model);
  }
  assert.ok(rows.some(({ row }) => row.dense) && rows.some(({ row }) => !row.dense), 'both forms are there');
  for (const { row } of rows) row.release();
  assert.equal(arena.bytesInUse, 0);
});

test('random changes agree with a Set, through both forms and back', () => {
  const random = new Random();
  for (const slots of [33, 64, 1000, 8192]) {
    const row = new Row(slots, new WordArena());
    const model = new Set<number>();
    let forms = 0;
    let dense = row.dense;
    for (let phase = 0; phase < 8; phase++) {
      // Phases of growth and of decline, so that the border is crossed both ways.
      const growing = phase % 2 === 0;
      for (let step = 0; step < slots; step++) {
        const slot = random.below(slots);
        const adds = random.chance(growing ? 0.9 : 0.05);
        if (adds) {
          assert.equal(row.add(slot), !model.has(slot));
          model.add(slot);
        } else {
          const gone = growing || model.size === 0 ? slot : [...model.keys()][0];
          assert.equal(row.remove(gone), model.delete(gone));
        }
        if (row.dense !== dense) {
          dense = row.dense;
          forms++;
          assertRow(row, model);
        }
        const probe = random.below(slots);
        assert.equal(row.has(probe), model.has(probe));
      }
      assertRow(row, model);
    }
    assert.ok(forms >= 4, `${slots} slots: ${forms} changes of form`);
  }
});
