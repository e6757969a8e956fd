/** The rows of a slot against a Set, with few rows, with many, and with very many. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { IntList } from '../../core/rooms/int-list.ts';
import { SlotRows } from '../../core/rooms/slot-rows.ts';
import { Random, SEED } from '../support/random.ts';

const SLOTS = 4;
/** Most rows of a slot: nodes up to 64, an array up to 4,096, a Set beyond. */
const HEIGHTS = [10, 100, 5_000];

function drained(rows: SlotRows, slot: number): number[] {
  const into = new IntList();
  rows.drain(slot, into);
  return [...into.values.subarray(0, into.length)].sort((a, b) => a - b);
}

for (const height of HEIGHTS) {
  it(`gives back the rows of each slot, up to ${height} of them`, (t: TestContext) => {
    t.diagnostic(`BROADSIDE_SEED=${SEED}`);
    const random = new Random(SEED);
    const rows = new SlotRows(SLOTS);
    const model = Array.from({ length: SLOTS }, () => new Set<number>());
    for (let round = 0; round < 3; round++) {
      // Up to the height and half-way down again: every form is entered, left by removal, and drained.
      for (let step = 0; step < height * SLOTS * 4; step++) {
        const slot = random.below(SLOTS);
        const own = model[slot];
        const row = 1 + random.below(height * 2);
        if (own.has(row) && random.chance(0.3)) {
          rows.remove(slot, row);
          own.delete(row);
        } else if (!own.has(row) && own.size < height) {
          rows.add(slot, row);
          own.add(row);
        }
      }
      assert.ok(
        model.some(({ size }) => size > height * 0.9),
        'the height is reached',
      );
      for (const slot of model.keys()) {
        if (round === 1) for (const row of [...model[slot]]) rows.remove(slot, row);
        if (round === 1) model[slot].clear();
        assert.deepEqual(
          drained(rows, slot),
          [...model[slot]].sort((a, b) => a - b),
        );
        model[slot].clear();
        assert.deepEqual(drained(rows, slot), []);
      }
    }
  });
}
