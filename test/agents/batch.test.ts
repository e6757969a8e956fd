/** A batch by itself: who is due which records, in which order, whatever the mix of targets. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Batch } from '../../core/agents/io/batch.ts';
import { FanOut } from '../../core/agents/io/fan-out.ts';
import {
  NEVER_COMPRESS,
  SessionTable,
  VARIANT_EIO3,
  VARIANT_EIO4,
  VARIANT_EIO4_BASE64,
} from '../../core/agents/io/session-table.ts';
import { FLAG_KEEP, FLAG_SAME } from '../../core/agents/records.ts';
import { writePacket } from '../../core/wire/frames.ts';
import { FakeSocket } from '../support/fake-socket.ts';
import { Random } from '../support/random.ts';

const FIRST = 64;
const SLOTS = 128;

/** The batch of I/O thread 1 of 2, whose slots are 64 to 191. */
function newBatch(maxRecords = 64): Batch {
  return new Batch(1, 2, { first: FIRST, count: SLOTS }, maxRecords);
}

/** Targets as the sequencer writes them: other slots for thread 0, these local slots for thread 1. */
function sparse(locals: readonly number[]): Int32Array {
  return Int32Array.from([2, 0, locals.length, 0, 5, 6, ...locals.map((local) => local + FIRST)]);
}

function dense(locals: readonly number[]): Int32Array {
  const slots = locals.map((local) => local + FIRST);
  const lo = Math.min(...slots) >>> 5;
  const hi = (Math.max(...slots) >>> 5) + 1;
  const words = new Int32Array(hi - lo);
  for (const slot of slots) words[(slot >>> 5) - lo] |= 1 << (slot & 31);
  return Int32Array.from([-1, 1, -words.length, lo, 0b1011, ...words]);
}

function add(batch: Batch, targets: Int32Array | 'same', text: string, keep = false): number {
  const words = targets === 'same' ? new Int32Array(0) : targets;
  const count = batch.addTargets((targets === 'same' ? FLAG_SAME : 0) | (keep ? FLAG_KEEP : 0), words, 0);
  if (count === 0) return 0;
  const memory = Buffer.alloc(64);
  batch.addPayload(0, memory, 0, writePacket(memory, 0, [text]));
  return count;
}

/** What each local slot is due, read the way the fan-out reads it. */
function due(batch: Batch): Map<number, string[]> {
  const result = new Map<number, string[]>();
  for (let i = 0; i < batch.recipientCount; i++) {
    const local = batch.recipients[i];
    assert.ok(!result.has(local), `slot ${local} is listed once`);
    const texts: string[] = [];
    for (let entry = batch.firstEntry(local); entry >= 0; entry = batch.nextEntry(entry)) {
      const run = batch.runOf(entry);
      for (let record = batch.runRecord[run]; record < batch.runRecord[run + 1]; record++) {
        texts.push(Buffer.from(batch.view(VARIANT_EIO4, batch.frameStart[record])).toString().slice(1));
      }
    }
    result.set(local, texts);
  }
  return result;
}

describe('batch', () => {
  it('puts records with the same targets into one run', () => {
    const batch = newBatch();
    add(batch, sparse([0, 3]), 'a', true);
    assert.equal(add(batch, 'same', 'b'), 2);
    assert.equal(add(batch, 'same', 'c'), 2);
    batch.seal();
    assert.equal(batch.runCount, 1);
    assert.deepEqual(
      [...due(batch)],
      [
        [0, ['a', 'b', 'c']],
        [3, ['a', 'b', 'c']],
      ],
    );
  });

  it('keeps the order of each slot across runs, and keeps targets across batches', () => {
    const batch = newBatch();
    add(batch, dense([1, 40, 127]), 'a', true);
    add(batch, sparse([40]), 'b');
    add(batch, 'same', 'c');
    add(batch, sparse([]), 'for the other thread');
    add(batch, sparse([127, 40]), 'd');
    batch.seal();
    assert.deepEqual(
      due(batch),
      new Map([
        [1, ['a', 'c']],
        [40, ['a', 'b', 'c', 'd']],
        [127, ['a', 'c', 'd']],
      ]),
    );
    batch.clear();
    assert.equal(batch.recipientCount, 0);
    assert.equal(add(batch, 'same', 'e'), 3);
    batch.seal();
    assert.deepEqual(
      due(batch),
      new Map([
        [1, ['e']],
        [40, ['e']],
        [127, ['e']],
      ]),
    );
  });

  it('has nobody for the same targets when the kept ones were all of another thread', () => {
    const batch = newBatch();
    add(batch, sparse([7]), 'a', true);
    assert.equal(add(batch, sparse([]), 'elsewhere', true), 0);
    assert.equal(add(batch, 'same', 'elsewhere too'), 0);
    batch.seal();
    assert.deepEqual(due(batch), new Map([[7, ['a']]]));
  });

  it('agrees with a map of lists for seeded mixes of targets', () => {
    const random = new Random();
    const batch = newBatch();
    let kept: number[] = [];
    for (let round = 0; round < 300; round++) {
      const model = new Map<number, string[]>();
      for (let n = 0; !batch.full && n < random.below(12); n++) {
        const same = kept.length > 0 && random.chance(0.4);
        const locals = same ? kept : [...Array(SLOTS).keys()].filter(() => random.chance(random.pick([0.02, 0.5])));
        const keep = !same && random.chance(0.5);
        const isDense = locals.length > 0 && random.chance(0.5);
        if (keep) kept = locals;
        add(batch, same ? 'same' : isDense ? dense(locals) : sparse(locals), `${n}`, keep);
        for (const local of locals) model.set(local, [...(model.get(local) ?? []), `${n}`]);
      }
      batch.seal();
      const sorted = (map: Map<number, string[]>) => [...map].sort(([a], [b]) => a - b);
      assert.deepEqual(sorted(due(batch)), sorted(model));
      batch.clear();
    }
  });

  it('is full at its record limit', () => {
    const batch = newBatch(2);
    add(batch, sparse([1]), 'a');
    assert.ok(!batch.full);
    add(batch, sparse([1]), 'b');
    assert.ok(batch.full);
  });
});

describe('fan-out', () => {
  /** Clients on all local slots below `count`. */
  function setup(count: number, clock: () => number = () => 0) {
    const sessions = new SessionTable({ first: FIRST, count: SLOTS });
    const sockets: FakeSocket[] = [];
    for (let local = 0; local < count; local++) {
      assert.equal(
        sessions.reserve(
          1,
          local % 3 === 2 ? VARIANT_EIO4_BASE64 : local % 2 === 1 ? VARIANT_EIO3 : VARIANT_EIO4,
          NEVER_COMPRESS,
        ),
        local,
      );
      sockets.push(new FakeSocket(() => {}));
      sessions.open(local, `sid ${local}`, sockets[local], undefined);
    }
    const order: number[] = [];
    for (const [local, socket] of sockets.entries()) {
      const send = socket.send.bind(socket);
      socket.send = (...frame) => {
        order.push(local);
        return send(...frame);
      };
    }
    const batch = newBatch();
    const fanOut = new FanOut(
      batch,
      sessions,
      clock,
      () => 1000,
      () => assert.fail('nobody is slow'),
    );
    return { sessions, sockets, batch, fanOut, order };
  }

  const all = (count: number): number[] => [...Array(count).keys()];

  it('starts with another client each time', () => {
    const { batch, fanOut, order } = setup(100);
    const starts = new Set<number>();
    for (let n = 0; n < 5; n++) {
      add(batch, sparse(all(100)), `${n}`);
      batch.seal();
      fanOut.begin();
      assert.ok(fanOut.run(Infinity));
      batch.clear();
      starts.add(order[0]);
      assert.deepEqual(
        order.splice(0).sort((a, b) => a - b),
        all(100),
        'everyone once',
      );
    }
    assert.equal(starts.size, 5);
  });

  it('stops at the deadline and goes on where it stopped', () => {
    let now = 0;
    const { sockets, batch, fanOut, order } = setup(100, () => now++);
    add(batch, sparse(all(100)), 'x');
    batch.seal();
    fanOut.begin();
    let turns = 1;
    while (!fanOut.run(now - 1)) turns++;
    assert.ok(turns > 1);
    assert.deepEqual(order, all(100));
    for (const { frames } of sockets) assert.equal(frames.length, 1);
    assert.equal(fanOut.deliveries, 100);
  });

  it('corks what a client is due, a lone frame alone goes without', () => {
    const { sockets, batch, fanOut } = setup(4);
    add(batch, sparse([0, 1]), 'a');
    add(batch, sparse([1, 2]), 'b');
    const memory = Buffer.alloc(64);
    batch.addTargets(0, sparse([3]), 0);
    batch.addPayload(0, memory, 0, writePacket(memory, 0, ['51-["c"]', Uint8Array.of(1)]));
    batch.seal();
    fanOut.begin();
    assert.ok(fanOut.run(Infinity));
    assert.deepEqual(
      sockets.map(({ frames }) => frames.map(({ cork }) => cork)),
      [[0], [1, 1], [0], [1, 1]],
    );
  });

  it('skips a client that closed after the record was written', () => {
    const { sessions, sockets, batch, fanOut } = setup(10);
    add(batch, sparse(all(10)), 'x');
    batch.seal();
    sessions.close(4);
    fanOut.begin();
    assert.ok(fanOut.run(Infinity));
    for (const [local, { frames }] of sockets.entries()) assert.equal(frames.length, local === 4 ? 0 : 1);
    assert.equal(fanOut.deliveries, 9);
  });
});
