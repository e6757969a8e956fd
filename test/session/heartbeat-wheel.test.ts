/** The timing wheel beside a map of deadlines, and its edges one by one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeartbeatWheel } from '../../core/session/heartbeat-wheel.ts';
import { Random, SEED } from '../support/random.ts';

const REVOLUTION_TICKS = 1024;

/** Advances and returns what came due, sorted. */
function due(wheel: HeartbeatWheel, now: number): number[] {
  const slots: number[] = [];
  wheel.advance(now, (slot) => slots.push(slot));
  return slots.sort((a, b) => a - b);
}

test('a deadline is met by the first tick at or after it, once', () => {
  const wheel = new HeartbeatWheel(4, 10, 1000);
  wheel.schedule(0, 1020);
  wheel.schedule(1, 1020.5);
  assert.deepEqual(due(wheel, 1019.9), []);
  assert.deepEqual(due(wheel, 1020), [0]);
  assert.deepEqual(due(wheel, 1029.9), []);
  assert.deepEqual(due(wheel, 1030), [1]);
  assert.deepEqual(due(wheel, 2000), []);
});

test('a deadline in the past, also before the start, is met by the next tick', () => {
  const wheel = new HeartbeatWheel(2, 10, 1000);
  due(wheel, 1500);
  wheel.schedule(0, 1100);
  wheel.schedule(1, 0);
  assert.deepEqual(due(wheel, 1509), []);
  assert.deepEqual(due(wheel, 1510), [0, 1]);
});

test('setting a deadline replaces the old one, and a cancelled one is not met', () => {
  const wheel = new HeartbeatWheel(3, 10, 0);
  wheel.schedule(0, 50);
  wheel.schedule(0, 100);
  wheel.schedule(1, 50);
  wheel.cancel(1);
  wheel.cancel(1);
  wheel.cancel(2);
  assert.deepEqual(due(wheel, 99), []);
  assert.deepEqual(due(wheel, 100), [0]);
});

test('deadlines of several revolutions ahead share buckets and are met in their own turn', () => {
  const wheel = new HeartbeatWheel(4, 1, 0);
  for (let slot = 0; slot < 4; slot++) wheel.schedule(slot, 7 + slot * REVOLUTION_TICKS);
  for (let slot = 0; slot < 4; slot++) {
    assert.deepEqual(due(wheel, 6 + slot * REVOLUTION_TICKS), []);
    assert.deepEqual(due(wheel, 7 + slot * REVOLUTION_TICKS), [slot]);
  }
});

test('after a gap of many revolutions everything that has passed is met in one call, and nothing else', () => {
  const wheel = new HeartbeatWheel(3, 1, 0);
  wheel.schedule(0, 5);
  wheel.schedule(1, 3 * REVOLUTION_TICKS);
  wheel.schedule(2, 10 * REVOLUTION_TICKS + 1);
  assert.deepEqual(due(wheel, 10 * REVOLUTION_TICKS), [0, 1]);
  assert.deepEqual(due(wheel, 10 * REVOLUTION_TICKS + 1), [2]);
});

test('a slot scheduled again from inside the call comes due in a later one, even with a deadline that has passed', () => {
  const wheel = new HeartbeatWheel(1, 10, 0);
  let calls = 0;
  const again = (slot: number): void => {
    calls++;
    wheel.schedule(slot, 0);
  };
  wheel.schedule(0, 10);
  wheel.advance(500, again);
  assert.equal(calls, 1);
  wheel.advance(510, again);
  assert.equal(calls, 2);
});

test('the call may cancel the other slots that are due with it', () => {
  const wheel = new HeartbeatWheel(10, 10, 0);
  for (let slot = 0; slot < 10; slot++) wheel.schedule(slot, 10);
  const met: number[] = [];
  wheel.advance(10, (slot) => {
    met.push(slot);
    for (let other = 0; other < 10; other++) wheel.cancel(other);
  });
  assert.equal(met.length, 1);
  assert.deepEqual(due(wheel, 100_000), []);
});

test('a clock that steps back does nothing', () => {
  const wheel = new HeartbeatWheel(1, 10, 1000);
  wheel.schedule(0, 1010);
  assert.deepEqual(due(wheel, 900), []);
  assert.deepEqual(due(wheel, 1010), [0]);
  assert.deepEqual(due(wheel, 1000), []);
});

/** Random use beside a map of deadlines; what comes due is compared call by call. */
function compareWithMap(random: Random, slots: number, tickMs: number, rounds: number): void {
  let now = random.below(100_000) / 4;
  const start = now;
  const wheel = new HeartbeatWheel(slots, tickMs, now);
  /** Slot to the time at which the wheel has to have met it: the end of the deadline's tick, or of the next one. */
  const model = new Map<number, number>();
  let lastTick = 0;
  const schedule = (slot: number, dueMs: number): void => {
    wheel.schedule(slot, dueMs);
    model.set(slot, Math.max(Math.ceil((dueMs - start) / tickMs), lastTick + 1));
  };
  const randomDue = (): number => {
    const ahead = random.pick([tickMs, 20 * tickMs, REVOLUTION_TICKS * tickMs, 3 * REVOLUTION_TICKS * tickMs]);
    return now - tickMs + random.below(ahead * 4) / 4;
  };
  for (let round = 0; round < rounds; round++) {
    for (let step = random.below(10); step > 0; step--) {
      const slot = random.below(slots);
      if (random.chance(0.7)) {
        schedule(slot, randomDue());
      } else {
        wheel.cancel(slot);
        model.delete(slot);
      }
    }
    now += random.below(random.pick([4, 40, 40, 4 * REVOLUTION_TICKS * 2]) * tickMs) / 4;
    const tick = Math.floor((now - start) / tickMs);
    lastTick = tick;
    const expected = new Set([...model].filter(([, dueTick]) => dueTick <= tick).map(([slot]) => slot));
    wheel.advance(now, (slot) => {
      assert.ok(expected.delete(slot), `slot ${slot} at ${now}, seed ${SEED}`);
      model.delete(slot);
      if (random.chance(0.3)) schedule(slot, randomDue());
      if (random.chance(0.2)) {
        const other = random.below(slots);
        wheel.cancel(other);
        model.delete(other);
        expected.delete(other);
      }
      if (random.chance(0.2)) {
        const other = random.below(slots);
        schedule(other, randomDue());
        expected.delete(other);
      }
    });
    assert.deepEqual([...expected], [], `not met at ${now}, seed ${SEED}`);
  }
}

test('through random use, also from inside the call, exactly the deadlines of the map are met', () => {
  const random = new Random();
  compareWithMap(random, 1, 1, 300);
  compareWithMap(random, 8, 5, 1500);
  compareWithMap(random, 300, 100, 1500);
});
