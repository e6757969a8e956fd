/** A Map of Sets against a plain one: whatever is done and wherever somebody begins to look, they show the same. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createHashedMap } from '../../core/api/hashed-map.ts';
import { SetMap } from '../../core/api/set-map.ts';
import { collectGarbage } from '../support/collect-garbage.ts';
import { Random, SEED } from '../support/random.ts';

const KEYS = ['a', 'b', 'c', '__proto__'];
const MEMBERS = ['a', 'x', 'y', ''];
const STEPS = 400;

/** Keys of a large map. */
const MANY = 500;

type Model = Map<string, Set<string>>;

function usedHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function shown(sets: SetMap): Model {
  return new Map(createHashedMap(sets, (members) => members.size));
}

function step(sets: SetMap, model: Model, random: Random): void {
  const key = KEYS[random.below(KEYS.length)];
  const member = MEMBERS[random.below(MEMBERS.length)];
  const set = model.get(key);
  switch (random.below(4)) {
    case 0:
      sets.delete(key);
      model.delete(key);
      break;
    case 1:
      assert.equal(sets.remove(key, member), set?.delete(member) ?? false);
      break;
    default:
      model.set(key, new Set(set).add(member));
      assert.equal(sets.add(key, member), set?.has(member) ? 0 : model.get(key)?.size);
  }
}

function assertSame(sets: SetMap, model: Model): void {
  assert.equal(sets.count, model.size);
  for (const key of KEYS) {
    assert.equal(sets.size(key), model.get(key)?.size ?? 0);
    assert.deepEqual([...sets.members(key)], [...(model.get(key) ?? [])]);
    for (const member of MEMBERS) assert.equal(sets.has(key, member), model.get(key)?.has(member) ?? false);
  }
}

describe('a map of sets', () => {
  for (let round = 0; round < 20; round++) {
    it(`does what a Map of Sets does, round ${round}`, (t: TestContext) => {
      t.diagnostic(`BROADSIDE_SEED=${SEED}`);
      const random = new Random(SEED + round);
      const sets = new SetMap();
      const model: Model = new Map();
      for (let i = 0; i < STEPS; i++) {
        step(sets, model, random);
        assertSame(sets, model);
        if (random.chance(0.1)) assert.deepEqual(sets.get(KEYS[0]), model.get(KEYS[0]));
      }
      assert.deepEqual(shown(sets), model);
    });
  }

  it('keeps the order of members, and finds them, however long a list grows', () => {
    const sets = new SetMap();
    const model = new Set<string>();
    for (let n = 0; n < 1500; n++) {
      assert.equal(sets.add('room', `member ${n}`), n + 1);
      model.add(`member ${n}`);
      if (n % 3 === 0) assert.equal(sets.add('room', `member ${n >> 1}`), 0);
      if (n === 700) assert.deepEqual([...sets.members('room')], [...model]);
    }
    for (let n = 0; n < 1500; n += 2) {
      assert.ok(sets.remove('room', `member ${n}`) && model.delete(`member ${n}`));
      assert.ok(!sets.remove('room', `member ${n}`));
    }
    assert.deepEqual([...sets.members('room')], [...model]);
    assert.equal(sets.size('room'), 750);
  });

  it('does not mix up lists that come and go', (t: TestContext) => {
    t.diagnostic(`BROADSIDE_SEED=${SEED}`);
    const random = new Random(SEED);
    const two = [new SetMap(), new SetMap()];
    const models: Model[] = [new Map(), new Map()];
    for (let i = 0; i < 5000; i++) {
      const which = random.below(2);
      const [sets, model] = [two[which], models[which]];
      const key = `room ${random.below(20)}`;
      if (random.chance(0.02)) {
        sets.delete(key);
        model.delete(key);
        continue;
      }
      const set = model.get(key) ?? new Set();
      const member = `member ${random.below(120)}`;
      if (random.chance(0.3)) {
        assert.equal(sets.remove(key, member), set.delete(member));
      } else {
        sets.add(key, member);
        model.set(key, set.add(member));
      }
      assert.deepEqual([...sets.members(key)], [...(model.get(key) ?? [])]);
    }
    for (const which of [0, 1]) assert.deepEqual(shown(two[which]), models[which]);
  });

  it('a Set that somebody holds stays live', () => {
    const sets = new SetMap();
    sets.add('room', 'one');
    const held = sets.get('room');
    sets.add('room', 'two');
    sets.remove('room', 'one');
    assert.deepEqual(held, new Set(['two']));
  });

  it('the Map that somebody holds stays live', () => {
    const sets = new SetMap();
    sets.add('room', 'one');
    const held = createHashedMap(sets, (members) => members.size);
    assert.deepEqual([...held], [['room', new Set(['one'])]]);
    sets.add('later', 'two');
    sets.delete('room');
    assert.deepEqual([...held], [['later', new Set(['two'])]]);
    assert.equal(held.later, 1);
  });

  it('a look at the keys, or at one of them, costs no memory for the others', () => {
    const sets = new SetMap();
    for (let n = 0; n < MANY; n++)
      for (let member = 0; member < 200; member++) sets.add(`room ${n}`, `member ${member}`);
    const view = createHashedMap(sets, (members) => members.size);
    const before = usedHeap();
    assert.equal(view.size, MANY);
    assert.ok(view.has('room 7') && !view.has('nowhere') && 'room 7' in view);
    assert.equal([...view.keys()].length, MANY);
    assert.equal(Object.keys(view).length, MANY);
    assert.equal(view.get('room 7')?.size, 200);
    assert.equal(view['room 8'], 200);
    const looked = usedHeap() - before;
    assert.equal([...view.values()].length, MANY);
    const expanded = usedHeap() - before;
    assert.ok(looked < expanded / 10, `${looked} bytes for a look, ${expanded} bytes for all of them`);
  });
});
