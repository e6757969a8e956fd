/**
 * What the threads of a race test do. Both sides draw the same records from the seed, so a reader knows exactly what must
 * come next. Worker threads and test processes run it.
 */
import { LogReader, type LogWriter } from '../../core/shm/broadcast-log.ts';
import { Control, counterIndex } from '../../core/shm/control.ts';
import { COORDINATOR_THREAD, FIRST_IO_THREAD } from '../../core/shm/layout.ts';
import { maxPayloadBytes } from '../../core/shm/record.ts';
import { SessionCensus } from '../../core/shm/session-census.ts';
import { SpscRing } from '../../core/shm/spsc-ring.ts';
import { Random } from '../support/random.ts';
import { PATIENCE_MS } from '../support/wait-for.ts';

export interface Stream {
  readonly memory: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly seed: number;
  readonly records: number;
}

/** Shared words of a race in rounds: the round that may begin, and the last one that is done. */
export const ROUND_INDEX = 0;
export const DONE_INDEX = 32;
export const RACE_BYTES = 256;

export type Role =
  | ({ readonly role: 'ringReader' } & Stream)
  | ({ readonly role: 'logReader'; readonly reader: number } & Stream)
  | {
      readonly role: 'publisher';
      readonly memory: SharedArrayBuffer;
      readonly race: SharedArrayBuffer;
      readonly rounds: number;
    }
  | {
      readonly role: 'sleeper';
      readonly control: SharedArrayBuffer;
      readonly race: SharedArrayBuffer;
      readonly rounds: number;
    }
  | Claimant;

/** An I/O thread that opens and closes sessions of which there may be one, as fast as it can. */
export interface Claimant {
  readonly role: 'claimant';
  readonly control: SharedArrayBuffer;
  readonly race: SharedArrayBuffer;
  readonly ioThread: number;
  readonly rounds: number;
}

/** Runs to the end; returns undefined, or what went wrong. */
export function play(role: Role): string | undefined {
  switch (role.role) {
    case 'ringReader':
      return readRing(role);
    case 'logReader':
      return readLog(role);
    case 'publisher':
      return publish(role.memory, role.race, role.rounds);
    case 'sleeper':
      return sleepAndWake(role.control, role.race, role.rounds);
    case 'claimant':
      return claimPlaces(role);
  }
}

/** The records of a stream: mostly small, some of the largest size. */
export class Records {
  readonly #random: Random;
  readonly #max: number;
  number = -1;
  bytes = 0;

  constructor(seed: number, capacity: number) {
    this.#random = new Random(seed);
    this.#max = maxPayloadBytes(capacity);
  }

  next(): void {
    this.number++;
    this.bytes = this.#random.chance(0.02) ? this.#max : this.#random.below(97);
  }

  get type(): number {
    return 1 + (this.number % 255);
  }

  get flags(): number {
    return this.number & 0xff_ffff;
  }

  fill(memory: Buffer, at: number): void {
    for (let i = 0; i < this.bytes; i++) memory[at + i] = this.number * 31 + i * 7;
  }

  /** What differs in the record a reader stands on, or undefined. */
  check(found: { type: number; flags: number; offset: number; length: number; bytes: Buffer }): string | undefined {
    const header = found.type === this.type && found.flags === this.flags && found.length === this.bytes;
    if (!header) return `record ${this.number} has type ${found.type}, flags ${found.flags}, ${found.length} bytes`;
    for (let i = 0; i < this.bytes; i++) {
      if (found.bytes[found.offset + i] !== ((this.number * 31 + i * 7) & 0xff)) {
        return `record ${this.number} is damaged at byte ${i} of ${this.bytes}`;
      }
    }
    return undefined;
  }
}

/** The producer of a ring stream: waits for room when there is none. */
export function writeRing({ memory, control, seed, records }: Stream, startsOver: boolean): void {
  const ring = new SpscRing(memory, { startsOver });
  const bell = new Control(control, 1).doorbell(FIRST_IO_THREAD);
  const source = new Records(seed, ring.capacity);
  const pace = new Random(seed + 1);
  for (let n = 0; n < records; n++) {
    source.next();
    const spare = pace.below(8);
    const claimed = Math.min(source.bytes + spare, maxPayloadBytes(ring.capacity));
    let at = ring.claim(source.type, source.flags, claimed);
    for (; at < 0; at = ring.claim(source.type, source.flags, claimed)) {
      const since = performance.now();
      ring.waitForRoom(PATIENCE_MS);
      if (performance.now() - since >= PATIENCE_MS) throw new Error(`nothing was freed after record ${n - 1}`);
    }
    source.fill(ring.bytes, at);
    ring.commit(source.bytes);
    bell.ring();
  }
}

function readRing({ memory, control, seed, records }: Stream): string | undefined {
  const ring = new SpscRing(memory);
  const bell = new Control(control, 1).doorbell(FIRST_IO_THREAD);
  const source = new Records(seed, ring.capacity);
  const pace = new Random(seed + 2);
  for (let n = 0; n < records; n++) {
    while (!ring.next()) {
      ring.free();
      bell.prepareSleep();
      if (ring.isEmpty()) bell.sleep(PATIENCE_MS);
      else bell.cancelSleep();
    }
    source.next();
    const wrong = source.check(ring);
    if (wrong !== undefined) return wrong;
    if (pace.chance(0.2)) ring.free();
  }
  ring.free();
  return ring.next() ? 'a record too many' : undefined;
}

/** The writer of a log stream: sleeps while a reader is in the way, and is rung by the one that commits. */
export function writeLog(log: LogWriter, readers: number, { control: memory, seed, records }: Stream): void {
  const control = new Control(memory, readers);
  const own = control.doorbell(COORDINATOR_THREAD);
  const bells = Array.from({ length: readers }, (_, i) => control.doorbell(FIRST_IO_THREAD + i));
  const source = new Records(seed, log.capacity);
  for (let n = 0; n < records; n++) {
    source.next();
    const isControl = n % 10 === 0;
    let at = log.claim(source.type, source.flags, source.bytes, isControl);
    for (; at < 0; at = log.claim(source.type, source.flags, source.bytes, isControl)) {
      const refusedAt = log.seenGate;
      control.gated = true;
      own.prepareSleep();
      const since = performance.now();
      if (log.gate() === refusedAt) own.sleep(PATIENCE_MS);
      else own.cancelSleep();
      if (performance.now() - since >= PATIENCE_MS) throw new Error(`no cursor moved after record ${n - 1}`);
      control.gated = false;
    }
    source.fill(log.bytes, at);
    log.commit();
    for (const bell of bells) bell.ring();
  }
}

function readLog({
  memory,
  control: controlMemory,
  reader,
  seed,
  records,
}: Stream & { reader: number }): string | undefined {
  const log = new LogReader(memory, reader);
  const control = new Control(controlMemory, 2);
  const bell = control.doorbell(FIRST_IO_THREAD + reader);
  const writer = control.doorbell(COORDINATOR_THREAD);
  const source = new Records(seed, log.capacity);
  const pace = new Random(seed + 3 + reader);
  const commit = (): void => {
    if (log.commit() && control.gated) writer.ring();
  };
  for (let n = 0; n < records; n++) {
    while (!log.next()) {
      commit();
      bell.prepareSleep();
      if (log.isEmpty()) bell.sleep(PATIENCE_MS);
      else bell.cancelSleep();
    }
    source.next();
    const wrong = source.check(log);
    if (wrong !== undefined) return wrong;
    if (pace.chance(0.1)) commit();
  }
  commit();
  return log.next() ? 'a record too many' : undefined;
}

/** Commits one record per round: three words that all carry the round. */
function publish(memory: SharedArrayBuffer, race: SharedArrayBuffer, rounds: number): undefined {
  const ring = new SpscRing(memory);
  const words = new Int32Array(race);
  for (let round = 1; round <= rounds; round++) {
    awaitWord(words, ROUND_INDEX, round);
    const at = ring.claim(1, round, 12);
    for (let i = 0; i < 3; i++) ring.words[(at >> 2) + i] = round;
    ring.commit();
  }
}

/** Goes to sleep once per round unless the work is there already; says when it is awake again. */
function sleepAndWake(memory: SharedArrayBuffer, race: SharedArrayBuffer, rounds: number): undefined {
  const bell = new Control(memory, 1).doorbell(FIRST_IO_THREAD);
  const words = new Int32Array(race);
  for (let round = 1; round <= rounds; round++) {
    while (Atomics.load(words, ROUND_INDEX) < round) {
      bell.prepareSleep();
      if (Atomics.load(words, ROUND_INDEX) < round) bell.sleep(Number.POSITIVE_INFINITY);
      else bell.cancelSleep();
    }
    Atomics.store(words, DONE_INDEX, round);
    Atomics.notify(words, DONE_INDEX);
  }
}

/** Whoever has the one place is alone. Ends when it has been had `rounds` times, which DONE counts. */
export function claimPlaces({ control: memory, race, ioThread, rounds }: Claimant): string | undefined {
  const control = new Control(memory, 2);
  const census = new SessionCensus(control, ioThread, 2, 1);
  const counters = control.counters(FIRST_IO_THREAD + ioThread);
  const words = new Int32Array(race);
  const deadline = performance.now() + PATIENCE_MS;
  for (let round = 0; round < rounds; round = Atomics.load(words, DONE_INDEX)) {
    if (!census.open()) {
      if (performance.now() > deadline) return `nobody has got the place after round ${round}`;
      continue; // the one who has it may be waiting for a core
    }
    if (Atomics.add(words, ROUND_INDEX, 1) !== 0) return `two sessions in round ${round} where there may be one`;
    Atomics.add(words, DONE_INDEX, 1);
    Atomics.sub(words, ROUND_INDEX, 1);
    Atomics.add(counters, counterIndex('sessionsClosed'), 1);
  }
  return undefined;
}

/** Spins for a moment, so that both threads start together, then blocks. False after the tests' patience. */
export function awaitWord(words: Int32Array, index: number, value: number): boolean {
  for (let spin = 0; spin < 2000; spin++) if (Atomics.load(words, index) >= value) return true;
  for (let seen = Atomics.load(words, index); seen < value; seen = Atomics.load(words, index)) {
    if (Atomics.wait(words, index, seen, PATIENCE_MS) === 'timed-out') return false;
  }
  return true;
}
