import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoomIndex } from '../../core/rooms/room-index.ts';
import { WordArena } from '../../core/shm/arena.ts';
import { Random } from '../support/random.ts';
import { assertIndex, ModelIndex } from './model.ts';

test('a row springs up with its first member and is unknown before and after being freed', () => {
  const arena = new WordArena();
  const index = new RoomIndex(1000, arena);
  assert.equal(index.row(3), undefined);
  assert.equal(index.cardinality(3), 0);
  assert.equal(index.has(3, 0), false);
  assert.equal(index.remove(3, 0), false);
  assert.equal(index.add(3, 0), true);
  assert.equal(index.cardinality(3), 1);
  assert.equal(index.remove(3, 0), true);
  index.free(3);
  assert.equal(index.row(3), undefined);
  assert.equal(arena.bytesInUse, 0);
});

test('the version changes with each change of a membership and with nothing else', () => {
  const index = new RoomIndex(1000, new WordArena());
  const changes = (act: () => void): boolean => {
    const before = index.version;
    act();
    return index.version !== before;
  };
  assert.equal(
    changes(() => index.add(0, 5)),
    true,
  );
  assert.equal(
    changes(() => index.add(0, 5)),
    false,
  );
  assert.equal(
    changes(() => index.remove(0, 6)),
    false,
  );
  assert.equal(
    changes(() => index.removeSlot(6)),
    false,
  );
  assert.equal(
    changes(() => index.removeSlot(5)),
    true,
  );
  assert.equal(
    changes(() => index.free(0)),
    false,
  );
  index.add(1, 5);
  assert.equal(
    changes(() => index.free(1)),
    true,
  );
});

test('freeing a row with members ends their memberships, in both forms', () => {
  for (const size of [10, 500]) {
    const arena = new WordArena();
    const index = new RoomIndex(1024, arena);
    for (let slot = 0; slot < size; slot++) index.add(7, slot * 2);
    assert.equal(index.row(7)!.dense, size === 500);
    index.free(7);
    index.add(7, 2);
    index.removeSlot(0);
    assert.equal(index.cardinality(7), 1, 'slot 0 no longer counts the row among its own');
    index.removeSlot(2);
    assert.equal(index.cardinality(7), 0);
    index.free(7);
    assert.equal(arena.bytesInUse, 0);
  }
});

test('a slot that does not exist is refused', () => {
  const index = new RoomIndex(100, new WordArena());
  for (const slot of [-1, 100, 127, 128, 0.5, Number.NaN]) {
    assert.throws(() => index.add(0, slot), { name: 'RangeError', message: /expected an integer from 0 to 99/ });
    assert.equal(index.has(0, slot), false);
  }
  assert.equal(index.add(0, 99), true);
});

test('a slot in ten thousand rows leaves them one by one and all at once', () => {
  const index = new RoomIndex(64, new WordArena());
  const rows = 10_000;
  for (let row = 0; row < rows; row++) for (const slot of [0, 63]) index.add(row, slot);
  for (let row = 0; row < rows; row += 2) assert.equal(index.remove(row, 63), true);
  for (let row = 0; row < rows; row++) assert.equal(index.cardinality(row), row % 2 === 0 ? 1 : 2);
  index.removeSlot(63);
  for (let row = 0; row < rows; row++) assert.equal(index.has(row, 63), false);
  for (let row = rows - 1; row >= 0; row--) assert.equal(index.remove(row, 0), true);
  assert.equal(index.add(5, 0), true);
  index.removeSlot(0);
  assert.equal(index.cardinality(5), 0);
});

const SIZES = [
  { slots: 40, rows: 6, steps: 20_000 },
  // So many rows per slot that the way back from a slot changes its form, too.
  { slots: 50, rows: 200, steps: 30_000 },
  { slots: 1000, rows: 150, steps: 40_000 },
  { slots: 100_000, rows: 12, steps: 150_000 },
];
for (const { slots, rows, steps } of SIZES) {
  test(`random joins and leaves over ${slots} slots agree with a Map of Sets and leak nothing`, () => {
    const random = new Random();
    const arena = new WordArena();
    const index = new RoomIndex(slots, arena);
    const model = new ModelIndex();
    let conversions = 0;
    for (let step = 1; step <= steps; step++) {
      // The lower half of the rows is joined often, so that some rows are large and some stay small.
      const row = random.chance(0.8) ? random.below(rows / 2) : random.below(rows);
      const slot = random.below(slots);
      const dense = index.row(row)?.dense ?? false;
      const act = random.below(1000);
      if (act < 800) assert.equal(index.add(row, slot), model.add(row, slot));
      else if (act < 950) assert.equal(index.remove(row, slot), model.remove(row, slot));
      else if (act < 999) {
        index.removeSlot(slot);
        model.removeSlot(slot);
      } else if (random.chance(0.2)) {
        index.free(row);
        model.free(row);
      }
      if ((index.row(row)?.dense ?? false) !== dense) conversions++;
      if (step % (steps / 10) === 0) assertIndex(index, model, rows);
    }
    assert.ok(conversions > 0, 'rows changed their form');
    for (let slot = 0; slot < slots; slot++) index.removeSlot(slot);
    for (let row = 0; row < rows; row++) {
      assert.equal(index.cardinality(row), 0);
      index.free(row);
    }
    assert.equal(arena.bytesInUse, 0);
  });
}
