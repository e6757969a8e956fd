/** The send queue by itself: who is due which records, in which order, whatever the mix of targets; and its fan-out. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FanOut } from '../../core/agents/io/fan-out.ts';
import { type LogRecord, SendQueue } from '../../core/agents/io/send-queue.ts';
import {
  NEVER_COMPRESS,
  SessionTable,
  VARIANT_EIO3,
  VARIANT_EIO4,
  VARIANT_EIO4_BASE64,
} from '../../core/agents/io/session-table.ts';
import type { PacketFrames } from '../../core/agents/link.ts';
import {
  FLAG_KEEP,
  FLAG_SAME,
  LOG_DATA_HEAD_BYTES,
  LOG_DATA_PAYLOAD_BYTES,
  LOG_DATA_TARGET_WORDS,
} from '../../core/agents/records.ts';
import { packetByteBound, writePacket } from '../../core/wire/frames.ts';
import { FakeSocket } from '../support/fake-socket.ts';
import { Random } from '../support/random.ts';

const FIRST = 64;
const SLOTS = 128;

/** The queue of I/O thread 1 of 2, whose slots are 64 to 191. */
function newQueue(maxRecords = 64): SendQueue {
  return new SendQueue(1, 2, { first: FIRST, count: SLOTS }, maxRecords);
}

/** Targets as the sequencer writes them: other slots for thread 0, these local slots for thread 1. */
function sparse(locals: readonly number[]): number[] {
  return [2, 0, locals.length, 0, 5, 6, ...locals.map((local) => local + FIRST)];
}

function dense(locals: readonly number[]): number[] {
  const slots = locals.map((local) => local + FIRST);
  const lo = Math.min(...slots) >>> 5;
  const hi = (Math.max(...slots) >>> 5) + 1;
  const words = new Int32Array(hi - lo);
  for (const slot of slots) words[(slot >>> 5) - lo] |= 1 << (slot & 31);
  return [-1, 1, -words.length, lo, 0b1011, ...words];
}

/** A log that stands on one record after the other. */
class Records {
  position = 0;

  next(targets: readonly number[] | 'same', frames: PacketFrames, flags = 0): LogRecord {
    const table = targets === 'same' ? [] : targets;
    const memory = Buffer.alloc(LOG_DATA_HEAD_BYTES + table.length * 4 + packetByteBound(frames));
    const payload = LOG_DATA_HEAD_BYTES + table.length * 4;
    const words = new Int32Array(memory.buffer, memory.byteOffset, memory.length >> 2);
    words.set(table, LOG_DATA_HEAD_BYTES >> 2);
    words[LOG_DATA_TARGET_WORDS] = table.length;
    words[LOG_DATA_PAYLOAD_BYTES] = writePacket(memory, payload, frames);
    const start = this.position++;
    const same = targets === 'same' ? FLAG_SAME : 0;
    return { words, bytes: memory, flags: flags | same, offset: 0, start, position: this.position };
  }
}

const noRegion = (): never => assert.fail('no record is large');

function newSender(queue: SendQueue) {
  const records = new Records();
  return (targets: readonly number[] | 'same', text: string, flags = 0): boolean =>
    queue.add(records.next(targets, [text], flags), noRegion);
}

/** What the first client of the queue is due, read the way the fan-out reads it. */
function texts(queue: SendQueue): string[] {
  const result: string[] = [];
  for (let entry = queue.firstEntry(queue.firstClient); entry >= 0; entry = queue.nextEntry(entry)) {
    const end = queue.endRecord(entry);
    for (let record = queue.firstRecord(entry); record !== end; record = queue.nextRecord(record)) {
      result.push(Buffer.from(queue.frames.view(VARIANT_EIO4, queue.firstFrame[record])).toString().slice(1));
    }
  }
  return result;
}

/** Takes the first client out, with what it is due. */
function take(queue: SendQueue): [local: number, texts: string[]] {
  const taken: [number, string[]] = [queue.firstClient, texts(queue)];
  queue.shift();
  return taken;
}

/** What each local slot is due. */
function due(queue: SendQueue): Map<number, string[]> {
  const result = new Map<number, string[]>();
  while (!queue.isEmpty) {
    const [local, all] = take(queue);
    assert.ok(!result.has(local), `slot ${local} waits once`);
    result.set(local, all);
  }
  return result;
}

describe('send queue', () => {
  it('has each client once, with all it is due in order, whatever the targets', () => {
    const queue = newQueue();
    const add = newSender(queue);
    assert.ok(queue.isEmpty);
    assert.ok(add(dense([1, 40, 127]), 'a', FLAG_KEEP));
    assert.ok(add('same', 'b'));
    add(sparse([40]), 'c');
    add('same', 'd');
    assert.ok(!add(sparse([]), 'for the other thread'));
    add(sparse([127, 40]), 'e');
    assert.deepEqual(
      due(queue),
      new Map([
        [1, ['a', 'b', 'd']],
        [40, ['a', 'b', 'c', 'd', 'e']],
        [127, ['a', 'b', 'd', 'e']],
      ]),
    );
    assert.ok(add('same', 'f'));
    assert.deepEqual(
      due(queue),
      new Map([
        [1, ['f']],
        [40, ['f']],
        [127, ['f']],
      ]),
    );
  });

  it('lets a record join while others are half written: those who wait get both at once, the others queue again', () => {
    const queue = newQueue();
    const add = newSender(queue);
    add(sparse([0, 1, 2, 3]), 'a', FLAG_KEEP);
    const first = [take(queue), take(queue)];
    add('same', 'b');
    add('same', 'c');
    const rest: [number, string[]][] = [];
    while (!queue.isEmpty) rest.push(take(queue));
    for (const [, all] of first) assert.deepEqual(all, ['a']);
    assert.deepEqual(
      rest.map(([, all]) => all),
      [
        ['a', 'b', 'c'],
        ['a', 'b', 'c'],
        ['b', 'c'],
        ['b', 'c'],
      ],
    );
    assert.deepEqual(
      rest.slice(2).map(([local]) => local),
      first.map(([local]) => local),
      'those written to first are first again',
    );
  });

  it('is done with a record when its last client has been written to, in the order of the log', () => {
    const queue = newQueue();
    const records = new Records();
    const add = (targets: number[]) => queue.add(records.next(targets, ['x']), noRegion);
    records.position = 100;
    add(sparse([1, 2]));
    assert.equal(queue.donePosition, 100);
    add(sparse([]));
    add(sparse([1]));
    take(queue);
    assert.equal(queue.donePosition, 100, 'the second record is done, the first is not');
    take(queue);
    assert.ok(queue.isEmpty);
    assert.equal(queue.donePosition, 103);

    records.position = 200;
    add(sparse([5]));
    add(sparse([6]));
    assert.equal(queue.donePosition, 200);
    add(sparse([]));
    take(queue);
    assert.equal(queue.donePosition, 201);
    take(queue);
    assert.equal(queue.donePosition, 203, 'with what followed for nobody here');
  });

  it('has nobody for the same targets when the kept ones were all of another thread', () => {
    const queue = newQueue();
    const add = newSender(queue);
    add(sparse([7]), 'a', FLAG_KEEP);
    assert.ok(!add(sparse([]), 'elsewhere', FLAG_KEEP));
    assert.ok(!add('same', 'elsewhere too'));
    assert.deepEqual(due(queue), new Map([[7, ['a']]]));
  });

  it('agrees with a map of lists for seeded mixes of targets, writes in between and limits', () => {
    const random = new Random();
    for (const maxRecords of [1, 3, 64]) {
      const queue = newQueue(maxRecords);
      const records = new Records();
      const model = new Map<number, string[]>();
      /** Clients that each record still waits for, by the position after it. */
      const open: { position: number; waiting: Set<number> }[] = [];
      let kept: number[] = [];
      for (let round = 0; round < 3000; round++) {
        if (random.chance(0.4) && !queue.full) {
          const same = kept.length > 0 && random.chance(0.5);
          const locals = same ? kept : [...Array(SLOTS).keys()].filter(() => random.chance(random.pick([0.02, 0.5])));
          const flags = !same && random.chance(0.5) ? FLAG_KEEP : 0;
          if (flags !== 0) kept = locals;
          const isDense = locals.length > 0 && random.chance(0.5);
          const targets = same ? 'same' : isDense ? dense(locals) : sparse(locals);
          const text = random.chance(0.1) ? `${round}${'x'.repeat(30_000)}` : `${round}`;
          const added = queue.add(records.next(targets, [text], flags), noRegion);
          assert.equal(added, locals.length > 0);
          open.push({ position: records.position, waiting: new Set(locals) });
          for (const local of locals) model.set(local, [...(model.get(local) ?? []), text]);
        }
        for (let n = random.below(SLOTS / 2); n > 0 && !queue.isEmpty; n--) {
          const [local, all] = take(queue);
          assert.deepEqual(all, model.get(local));
          model.delete(local);
          for (const { waiting } of open) waiting.delete(local);
        }
        assert.equal(queue.isEmpty, model.size === 0);
        assert.ok(!queue.isEmpty || !queue.full, 'an empty queue has room');
        while (open.length > 0 && open[0].waiting.size === 0) open.shift();
        if (!queue.isEmpty) assert.ok(queue.donePosition < open[0].position, 'nothing unwritten counts as done');
      }
    }
  });

  it('is full at its record limit, until the first record is done', () => {
    const queue = newQueue(2);
    const add = newSender(queue);
    add(sparse([1]), 'a');
    assert.ok(!queue.full);
    add(sparse([1, 2]), 'b');
    assert.ok(queue.full);
    take(queue);
    assert.ok(!queue.full);
    add(sparse([1]), 'c');
    assert.ok(queue.full);
    assert.deepEqual(take(queue), [2, ['b']]);
    assert.deepEqual(take(queue), [1, ['c']]);
  });

  it('is full with 64 KB in bulky packets, until the first of them is done; others do not count', () => {
    const queue = newQueue();
    const add = newSender(queue);
    for (let n = 0; n < 20; n++) add(sparse([n]), 'x'.repeat(4000));
    for (let n = 0; n < 4; n++) {
      assert.ok(!queue.full, `${n} bulky packets`);
      add(sparse([20 + n]), 'x'.repeat(16_384));
    }
    assert.ok(queue.full);
    for (let n = 0; n < 20; n++) queue.shift();
    assert.ok(queue.full, 'the small ones are done');
    queue.shift();
    assert.ok(!queue.full);
    add(sparse([30]), 'x'.repeat(200_000));
    assert.ok(queue.full, 'a single one may have more');
    while (!queue.isEmpty) queue.shift();
    assert.ok(!queue.full);
    add(sparse([1, 2]), 'x'.repeat(200_000), FLAG_KEEP);
    queue.shift();
    assert.ok(queue.full);
    queue.shift();
    assert.ok(!queue.full);
  });

  it('is full when its clients wait for very many records, and takes one record for many clients nevertheless', () => {
    const count = 40_000;
    const queue = new SendQueue(0, 1, { first: 0, count }, 64);
    const add = newSender(queue);
    const all = Array.from({ length: count / 32 }, () => -1);
    const everyone = [-all.length, 0, ...all];
    add(everyone, 'a');
    assert.ok(!queue.full);
    add(everyone, 'b');
    assert.ok(queue.full, '80,000 entries');
    const result = due(queue);
    assert.equal(result.size, count);
    for (const got of result.values()) assert.deepEqual(got, ['a', 'b']);
    assert.ok(!queue.full);
  });
});

describe('fan-out', () => {
  /** Clients on all local slots below `count`. */
  function setup(count: number) {
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
    const queue = newQueue();
    const fanOut = new FanOut(
      queue,
      sessions,
      () => 1000,
      () => assert.fail('nobody is slow'),
    );
    return { sessions, sockets, queue, add: newSender(queue), fanOut, order };
  }

  const all = (count: number): number[] => [...Array(count).keys()];

  it('starts with another client each time', () => {
    const { add, fanOut, order } = setup(100);
    const starts = new Set<number>();
    for (let n = 0; n < 5; n++) {
      add(sparse(all(100)), `${n}`);
      fanOut.run(Infinity);
      starts.add(order[0]);
      assert.deepEqual(
        order.splice(0).sort((a, b) => a - b),
        all(100),
        'everyone once',
      );
    }
    assert.equal(starts.size, 5);
  });

  it('writes to as many clients as it may and goes on where it stopped', () => {
    const { sockets, queue, add, fanOut, order } = setup(100);
    add(sparse(all(100)), 'x');
    for (let turn = 1; turn <= 4; turn++) {
      assert.ok(!queue.isEmpty);
      fanOut.run(30);
      assert.equal(order.length, Math.min(100, turn * 30));
    }
    assert.ok(queue.isEmpty);
    for (const { frames } of sockets) assert.equal(frames.length, 1);
    assert.equal(fanOut.deliveries, 100);
  });

  it('corks what a client is due, a lone frame alone goes without', () => {
    const { sockets, queue, fanOut } = setup(4);
    const records = new Records();
    queue.add(records.next(sparse([0, 1]), ['a']), noRegion);
    queue.add(records.next(sparse([1, 2]), ['b']), noRegion);
    queue.add(records.next(sparse([3]), ['51-["c"]', Uint8Array.of(1)]), noRegion);
    fanOut.run(Infinity);
    assert.deepEqual(
      sockets.map(({ frames }) => frames.map(({ cork }) => cork)),
      [[0], [1, 1], [0], [1, 1]],
    );
  });

  it('skips a client that closed after the record was written', () => {
    const { sessions, sockets, add, fanOut } = setup(10);
    add(sparse(all(10)), 'x');
    sessions.close(4);
    fanOut.run(Infinity);
    for (const [local, { frames }] of sockets.entries()) assert.equal(frames.length, local === 4 ? 0 : 1);
    assert.equal(fanOut.deliveries, 9);
  });
});
