/** The free slots of one thread's range. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Slot } from '../../core/session/ids.ts';
import { SlotPool } from '../../core/session/slot-pool.ts';
import { Random } from '../support/random.ts';

function acquireAll(pool: SlotPool): number[] {
  const slots: number[] = [];
  for (let slot = pool.acquire(); slot !== -1; slot = pool.acquire()) slots.push(slot);
  return slots;
}

test('slots are given out from the lowest number of the range on, until none is left', () => {
  const pool = new SlotPool(64, 5);
  assert.equal(pool.inUse, 0);
  assert.deepEqual(acquireAll(pool), [64, 65, 66, 67, 68]);
  assert.equal(pool.inUse, 5);
  assert.equal(pool.acquire(), -1);
});

test('the slot released last goes out next', () => {
  const pool = new SlotPool(0, 8);
  acquireAll(pool);
  for (const slot of [5, 2, 7]) pool.release(slot as Slot);
  assert.equal(pool.inUse, 5);
  assert.deepEqual(acquireAll(pool), [7, 2, 5]);
});

test('a slot that is not out is refused, and the pool stays as it was', () => {
  const pool = new SlotPool(32, 4);
  pool.release(pool.acquire() as Slot);
  const taken = pool.acquire();
  for (const slot of [33, 31, 36, 0, -1, 32.5, Number.NaN]) {
    assert.throws(() => pool.release(slot as Slot), RangeError, String(slot));
  }
  pool.release(taken as Slot);
  assert.throws(() => pool.release(taken as Slot), RangeError);
  assert.equal(pool.inUse, 0);
  assert.deepEqual(acquireAll(pool), [32, 33, 34, 35]);
});

test('a range without slots gives none', () => {
  assert.equal(new SlotPool(0, 0).acquire(), -1);
});

test('through random use no slot is out twice and none is lost', () => {
  const random = new Random();
  const pool = new SlotPool(96, 50);
  const out = new Set<number>();
  for (let round = 0; round < 10_000; round++) {
    if (random.chance(0.5)) {
      const slot = pool.acquire();
      assert.equal(slot === -1, out.size === 50);
      if (slot === -1) continue;
      assert.ok(slot >= 96 && slot < 146 && !out.has(slot));
      out.add(slot);
    } else if (out.size > 0) {
      const slot = random.pick([...out]);
      pool.release(slot as Slot);
      out.delete(slot);
    }
    assert.equal(pool.inUse, out.size);
  }
});
