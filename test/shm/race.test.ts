/** Rings, log and doorbells between real threads: outcomes of short races, and long seeded streams. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Control } from '../../core/shm/control.ts';
import { FIRST_IO_THREAD } from '../../core/shm/layout.ts';
import { SpscRing } from '../../core/shm/spsc-ring.ts';
import { SEED } from '../support/random.ts';
import { within } from '../support/wait-for.ts';
import { logAt, ringMemory, WRAP_POSITIONS } from './memory.ts';
import {
  awaitWord,
  type Claimant,
  claimPlaces,
  DONE_INDEX,
  RACE_BYTES,
  ROUND_INDEX,
  type Role,
  type Stream,
  writeLog,
  writeRing,
} from './race-roles.ts';

const ROUNDS = 20_000;
const STREAM_RECORDS = 400_000;
const STREAM_CAPACITY = 4096;

/** Runs roles on threads of their own beside `main`, which may block; every thread must end without a complaint. */
async function race(roles: readonly Role[], main: () => void): Promise<void> {
  const workers = roles.map((workerData) => new Worker(new URL('./race-thread.mjs', import.meta.url), { workerData }));
  try {
    await within(Promise.all(workers.map((worker) => once(worker, 'message'))), 'the start of all threads');
    const ends = Promise.all(workers.map((worker) => once(worker, 'message')));
    for (const worker of workers) worker.postMessage('go');
    main();
    for (const [complaint] of await within(ends, 'the end of all threads')) assert.equal(complaint, undefined);
  } finally {
    for (const worker of workers) await worker.terminate();
  }
}

describe('outcomes of two threads racing', () => {
  it('a record that is visible has its whole payload', async () => {
    const allowed = new Set(['not yet', 'whole']);
    const seen = new Map<string, number>();
    const memory = SpscRing.create(256);
    const raceMemory = new SharedArrayBuffer(RACE_BYTES);
    const words = new Int32Array(raceMemory);
    const ring = new SpscRing(memory);
    const look = (round: number): string => {
      if (!ring.next()) return 'not yet';
      const payload = [0, 1, 2].map((i) => ring.words[(ring.offset >> 2) + i]);
      if (ring.flags !== round || ring.length !== 12) return 'header of another record';
      if (payload.every((word) => word === round)) return 'whole';
      return payload.includes(round) ? 'torn payload' : 'payload of another record';
    };
    await race([{ role: 'publisher', memory, race: raceMemory, rounds: ROUNDS }], () => {
      for (let round = 1; round <= ROUNDS; round++) {
        Atomics.store(words, ROUND_INDEX, round);
        Atomics.notify(words, ROUND_INDEX);
        for (let outcome = ''; outcome === '' || outcome === 'not yet'; ) {
          outcome = look(round);
          seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
          assert.ok(allowed.has(outcome), `round ${round}: ${outcome}`);
        }
        ring.free();
      }
    });
    assert.equal(seen.get('whole'), ROUNDS);
  });

  it('work published before a ring is never slept through', async () => {
    const control = Control.create(1);
    const bell = new Control(control, 1).doorbell(FIRST_IO_THREAD);
    const raceMemory = new SharedArrayBuffer(RACE_BYTES);
    const words = new Int32Array(raceMemory);
    await race([{ role: 'sleeper', control, race: raceMemory, rounds: ROUNDS }], () => {
      for (let round = 1; round <= ROUNDS; round++) {
        Atomics.store(words, ROUND_INDEX, round);
        bell.ring();
        assert.ok(awaitWord(words, DONE_INDEX, round), `round ${round} was slept through`);
      }
    });
  });

  it('two threads never open a session each where there may be one', async () => {
    const control = Control.create(2);
    const raceMemory = new SharedArrayBuffer(RACE_BYTES);
    const claimant = (ioThread: number): Claimant => ({
      role: 'claimant',
      control,
      race: raceMemory,
      ioThread,
      rounds: ROUNDS,
    });
    await race([claimant(0)], () => assert.equal(claimPlaces(claimant(1)), undefined));
    assert.ok(new Int32Array(raceMemory)[DONE_INDEX] >= ROUNDS);
  });
});

describe('streams between threads', () => {
  for (const position of [0, ...WRAP_POSITIONS]) {
    for (const startsOver of [false, true]) {
      const kind = startsOver ? 'a ring that starts over' : 'a ring';
      it(`${kind} carries ${STREAM_RECORDS} records of seeded sizes from position ${position}`, async () => {
        const memory = ringMemory(STREAM_CAPACITY, position);
        const stream: Stream = { memory, control: Control.create(1), seed: SEED, records: STREAM_RECORDS };
        await race([{ role: 'ringReader', ...stream }], () => writeRing(stream, startsOver));
      });
    }
  }

  for (const position of [0, ...WRAP_POSITIONS]) {
    it(`the log carries ${STREAM_RECORDS} records to two readers from position ${position}`, async () => {
      const { memory, writer } = logAt(STREAM_CAPACITY, 2, { position, reserveBytes: STREAM_CAPACITY / 8 });
      const stream: Stream = { memory, control: Control.create(2), seed: SEED, records: STREAM_RECORDS };
      const roles = [0, 1].map((reader): Role => ({ role: 'logReader', reader, ...stream }));
      await race(roles, () => writeLog(writer, 2, stream));
    });
  }
});
