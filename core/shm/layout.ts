/**
 * The shared memory layout: every region, every word, who writes it and who reads it. `docs/memory.md` is printed from
 * REGIONS. All threads attach by these offsets; nothing else in the project knows one.
 *
 * Spacing: each independently written word starts a fresh pair of cache lines, because the adjacent-line prefetcher
 * drags the neighbour along and two writers would then fight over one pair.
 */
import { EngineError } from '../errors.ts';

export const CACHE_LINE_BYTES = 64;
const SPACING_BYTES = 2 * CACHE_LINE_BYTES;

export const LAYOUT_MAGIC = 0x42_52_44_53; // "BRDS"
export const LAYOUT_VERSION = 1;

/** I/O threads at most: one byte of a sid and one word row per thread are sized by it. */
export const MAX_IO_THREADS = 8;

/** Positions count units of this many bytes, so that 32 bits cover 32 GiB before they wrap. */
export const UNIT_BYTES = 8;
export const UNIT_SHIFT = 3;

/** A record is at most this part of its ring or log; a larger payload travels in a region of its own. */
export const MAX_RECORD_FRACTION = 8;

export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly words: number;
  readonly writtenBy: string;
  readonly readBy: string;
}

/** Hands out offsets in order; each call starts a fresh pair of lines. */
function fields(): {
  at(name: string, words: number, writtenBy: string, readBy: string): number;
  end(): number;
  table: Field[];
} {
  let next = 0;
  const table: Field[] = [];
  return {
    table,
    at(name, words, writtenBy, readBy) {
      const offset = next;
      table.push({ name, offset, words, writtenBy, readBy });
      next = Math.ceil((offset + words * 4) / SPACING_BYTES) * SPACING_BYTES;
      return offset;
    },
    end: () => next,
  };
}

/*
 * SPSC ring: [ data, a power of two bytes ][ trailer ]
 * Offsets below count from the start of the trailer.
 */
const ring = fields();
export const RING_HEADER_OFFSET = ring.at(
  'header: magic, version, kind, capacity',
  4,
  'creator, once',
  'both, at attach',
);
export const RING_TAIL_OFFSET = ring.at('tail position', 1, 'producer', 'consumer');
export const RING_HEAD_OFFSET = ring.at('head position', 1, 'consumer', 'producer');
export const RING_WAITING_OFFSET = ring.at('producer waits for room', 1, 'producer', 'consumer');
export const RING_TRAILER_BYTES = ring.end();

/*
 * Broadcast log: [ data, a power of two bytes ][ trailer ]
 */
const log = fields();
export const LOG_HEADER_OFFSET = log.at('header: magic, version, kind, capacity', 4, 'creator, once', 'all, at attach');
export const LOG_TAIL_OFFSET = log.at('tail position', 1, 'coordinator', 'I/O threads');
const LOG_CURSOR_BASE_OFFSET = log.at('cursor of I/O thread 0', 1, 'I/O thread 0', 'coordinator');
for (let i = 1; i < MAX_IO_THREADS; i++) log.at(`cursor of I/O thread ${i}`, 1, `I/O thread ${i}`, 'coordinator');
export const LOG_TRAILER_BYTES = log.end();
export const logCursorOffset = (reader: number): number => LOG_CURSOR_BASE_OFFSET + reader * SPACING_BYTES;

/*
 * Control region: no data, only words. Threads are numbered app 0, coordinator 1, acceptor 2, I/O 3 and up.
 */
export const APP_THREAD = 0;
export const COORDINATOR_THREAD = 1;
export const ACCEPTOR_THREAD = 2;
export const FIRST_IO_THREAD = 3;
export const MAX_THREADS = FIRST_IO_THREAD + MAX_IO_THREADS;

const THREAD_NAMES = ['app', 'coordinator', 'acceptor'];
export const threadName = (thread: number): string => THREAD_NAMES[thread] ?? `I/O thread ${thread - FIRST_IO_THREAD}`;

/** Words of the counters block of one thread; each thread writes its own. They wrap; readers take differences. */
export const COUNTER_NAMES = [
  'records',
  'deliveries',
  'dropped',
  'sessionsOpened',
  'sessionsClosed',
  'slowClosed',
  'messagesIn',
  'batches',
  'queuedBytes',
] as const;
export type CounterName = (typeof COUNTER_NAMES)[number];

const control = fields();
export const CONTROL_HEADER_OFFSET = control.at(
  'header: magic, version, kind, I/O threads',
  4,
  'creator, once',
  'all, at attach',
);
/** RUN until the app thread asks for a drained stop. */
export const CONTROL_STOP_OFFSET = control.at('stop request', 1, 'app', 'coordinator');
/** 1 while the coordinator waits for cursors to move: I/O threads ring it then, and the app thread's soft mark is low. */
export const CONTROL_GATED_OFFSET = control.at('log is gated', 1, 'coordinator', 'I/O threads, app');
/** 1 while the coordinator waits for room in `events`. */
export const CONTROL_EVENTS_BLOCKED_OFFSET = control.at('events is full', 1, 'coordinator', 'app');
/** 1 while the app thread wants to hear when `commands` has room again. */
export const CONTROL_WANT_DRAIN_OFFSET = control.at('app waits for drain', 1, 'app', 'coordinator');
/** 1 during a turn of the app thread with commands: its commands do not all ring the coordinator. */
export const CONTROL_APP_TURN_OFFSET = control.at('app is in a turn', 1, 'app', 'coordinator');
const perThread = (what: string, words: number, readBy: string, writtenBy?: string): number => {
  let base = -1;
  for (let t = 0; t < MAX_THREADS; t++) {
    const offset = control.at(`${what} of ${threadName(t)}`, words, writtenBy ?? threadName(t), readBy);
    if (t === 0) base = offset;
  }
  return base;
};
const STATE_BASE_OFFSET = perThread('state', 1, 'all', 'owner; the coordinator from DOWN and ATTACHING on');
/** Open uWebSockets.js apps: a thread that ends with one aborts the process. */
const APPS_BASE_OFFSET = perThread('open apps', 1, 'app');
/** 1: asleep. The owner sets it and re-checks its work; whoever rings swaps it to 0 and notifies. */
const DOORBELL_BASE_OFFSET = perThread('doorbell', 1, 'owner', 'owner sets 1, ringers 0');
/** Counts messages posted to the app thread, which may block on it. */
const NOTICE_BASE_OFFSET = perThread('notices posted', 1, 'app');
/** Turns of the loop, for the watchdog. */
const BEAT_BASE_OFFSET = perThread('beat', 1, 'app');
const COUNTERS_BASE_OFFSET = perThread('counters', COUNTER_NAMES.length, 'app; I/O threads');
/** 1 while an I/O thread decides whether one more session fits. */
const OPENING_BASE_OFFSET = perThread('opening a session', 1, 'I/O threads');
export const CONTROL_BYTES = control.end();

const STRIDE_BYTES = SPACING_BYTES;
export const stateOffset = (thread: number): number => STATE_BASE_OFFSET + thread * STRIDE_BYTES;
export const appsOffset = (thread: number): number => APPS_BASE_OFFSET + thread * STRIDE_BYTES;
export const doorbellOffset = (thread: number): number => DOORBELL_BASE_OFFSET + thread * STRIDE_BYTES;
export const noticeOffset = (thread: number): number => NOTICE_BASE_OFFSET + thread * STRIDE_BYTES;
export const beatOffset = (thread: number): number => BEAT_BASE_OFFSET + thread * STRIDE_BYTES;
export const openingOffset = (thread: number): number => OPENING_BASE_OFFSET + thread * STRIDE_BYTES;
export const countersOffset = (thread: number): number => COUNTERS_BASE_OFFSET + thread * STRIDE_BYTES;

/** Kinds of region, in the header. */
export const REGION_RING = 1;
export const REGION_LOG = 2;
export const REGION_CONTROL = 3;

/** Every region with its fields, for `docs/memory.md` and the layout test. */
export const REGIONS: readonly { name: string; fields: readonly Field[] }[] = [
  { name: 'SPSC ring trailer', fields: ring.table },
  { name: 'Broadcast log trailer', fields: log.table },
  { name: 'Control region', fields: control.table },
];

/** Writes the header that `checkHeader` of every later attach demands. */
export function writeHeader(words: Int32Array, offset: number, kind: number, capacity: number): void {
  const i = offset >> 2;
  words[i] = LAYOUT_MAGIC;
  words[i + 1] = LAYOUT_VERSION;
  words[i + 2] = kind;
  words[i + 3] = capacity;
}

/** @throws ERR_LAYOUT_MISMATCH naming expected and found. */
export function checkHeader(words: Int32Array, offset: number, kind: number, capacity: number): void {
  const i = offset >> 2;
  const expected = [LAYOUT_MAGIC, LAYOUT_VERSION, kind, capacity];
  for (let n = 0; n < expected.length; n++) {
    if (words[i + n] === expected[n]) continue;
    const name = ['magic', 'layout version', 'kind', 'capacity'][n];
    throw new EngineError('ERR_LAYOUT_MISMATCH', `${name} is ${words[i + n]}, expected ${expected[n]}`);
  }
}

/** Capacity of a region whose data is followed by a trailer. @throws ERR_LAYOUT_MISMATCH when it is no power of two. */
export function capacityOf(byteLength: number, trailerBytes: number): number {
  const capacity = byteLength - trailerBytes;
  if (capacity < 64 || (capacity & (capacity - 1)) !== 0) {
    throw new EngineError('ERR_LAYOUT_MISMATCH', `capacity is ${capacity} bytes, expected a power of two from 64 on`);
  }
  return capacity;
}
