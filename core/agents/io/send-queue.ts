/**
 * The clients that are due something, each once, in the order in which they will be written to, and the records that
 * each is due. A record may come in while others are half written: clients that wait get it with what they are due
 * already, the others queue again. So a small packet never waits for the end of a sweep over all clients, and a client
 * that has waited long gets everything in one write. Large packets take turns instead: they, and what comes behind them,
 * wait until those before have gone to everyone.
 *
 * Records with the same targets that follow one another form a run, as long as none of its clients has been written
 * to. A chain of entries per slot names the runs that it is due, in order. Nothing is allocated per recipient.
 */
import type { LogReader } from '../../shm/broadcast-log.ts';
import {
  FLAG_KEEP,
  FLAG_LARGE,
  FLAG_SAME,
  LOG_DATA_HEAD_BYTES,
  LOG_DATA_PAYLOAD_BYTES,
  LOG_DATA_TARGET_WORDS,
} from '../records.ts';
import type { SlotRange } from '../slot-ranges.ts';
import { FrameRing } from './frame-ring.ts';
import { TargetSlots } from './target-slots.ts';

/** No more records are taken in while the chains have this many entries. */
const MAX_ENTRIES = 65_536;
/** uWebSockets.js gathers 16 KiB for one write: packets of more than half of that leave with a write each. */
const BULKY_BYTES = 8 * 1024;
/** With so many bytes in bulky packets no more are taken in: clients take turns, and what is sent stays in the caches. */
const MAX_BULKY_BYTES = 64 * 1024;
/** Entries are numbered modulo 2^31: never negative, so that -1 ends a chain. */
const ENTRY_NUMBERS = 0x7fff_ffff;
/** Step of the first recipient from sweep to sweep, so that nobody is always last. */
const ROTATION = 61;

/** The record that a log stands on. */
export type LogRecord = Pick<LogReader, 'words' | 'bytes' | 'flags' | 'offset' | 'start' | 'position'>;

export class SendQueue {
  readonly #maxRecords: number;
  /** Rings of records and of runs have the same size, a power of two above `maxRecords`. */
  readonly #mask: number;

  // records
  readonly frames = new FrameRing();
  /** FLAG_* of each record. */
  readonly flags: Int32Array;
  readonly firstFrame: Int32Array;
  readonly endFrame: Int32Array;
  /** Bytes of each that is bulky, 0 for others. */
  readonly #bulky: Int32Array;
  #bulkyBytes = 0;
  #firstRecord = 0;
  #recordCount = 0;

  // runs
  readonly #runFirst: Int32Array;
  readonly #runEnd: Int32Array;
  /** Clients that a run is for, and how many of them have not been written to. */
  readonly #runClients: Int32Array;
  readonly #runLeft: Int32Array;
  /** Position in the log after the last record of the run and what followed for nobody here. */
  readonly #runPosition: Int32Array;
  #firstRun = 0;
  #runCount = 0;
  /** Whether the last run is for the kept targets. */
  #lastRunIsKept = false;
  #donePosition = 0;

  // chains: entry e lies at e & mask
  #entryRun = new Int32Array(1024);
  #entryNext = new Int32Array(1024);
  #nextEntry = 0;
  #entryCount = 0;
  readonly #chainHead: Int32Array;
  readonly #chainTail: Int32Array;

  // clients in the order of writing
  readonly #clients: Int32Array;
  readonly #clientMask: number;
  #firstClient = 0;
  #clientCount = 0;
  #rotation = 0;

  readonly #targets: TargetSlots;
  /** What the last record that said so left for records with the same targets. */
  readonly #kept: TargetSlots;

  /**
   * @param thread this I/O thread
   * @param threads I/O threads in all, as in the records
   * @param range slots of this thread
   * @param maxRecords no more are taken in at a time
   */
  constructor(thread: number, threads: number, range: SlotRange, maxRecords: number) {
    this.#maxRecords = maxRecords;
    const size = powerOfTwo(maxRecords + 1);
    this.#mask = size - 1;
    this.flags = new Int32Array(size);
    this.firstFrame = new Int32Array(size);
    this.endFrame = new Int32Array(size);
    this.#bulky = new Int32Array(size);
    this.#runFirst = new Int32Array(size);
    this.#runEnd = new Int32Array(size);
    this.#runClients = new Int32Array(size);
    this.#runLeft = new Int32Array(size);
    this.#runPosition = new Int32Array(size);
    this.#chainHead = new Int32Array(range.count).fill(-1);
    this.#chainTail = new Int32Array(range.count);
    this.#clients = new Int32Array(powerOfTwo(range.count));
    this.#clientMask = this.#clients.length - 1;
    this.#targets = new TargetSlots(thread, threads, range);
    this.#kept = new TargetSlots(thread, threads, range);
  }

  /** Nobody is due anything: every record has been written to all that it is for. */
  get isEmpty(): boolean {
    return this.#clientCount === 0;
  }

  /** No more records may come in for now. */
  get full(): boolean {
    if (this.#bulkyBytes >= MAX_BULKY_BYTES) return true;
    return this.#recordCount === this.#maxRecords || this.#entryCount >= MAX_ENTRIES;
  }

  /** Everything before this position of the log has been written; while the queue is not empty. */
  get donePosition(): number {
    return this.#donePosition;
  }

  /** Takes in the data record that the log stands on; false when it is for nobody here. */
  add(log: LogRecord, takeRegion: () => SharedArrayBuffer): boolean {
    const { words, flags, offset } = log;
    const head = offset >> 2;
    const table = head + (LOG_DATA_HEAD_BYTES >> 2);
    if (this.#runCount === 0) this.#donePosition = log.start;
    const run = this.#runFor(flags, words, table);
    if (run >= 0) {
      const record = (this.#firstRecord + this.#recordCount++) & this.#mask;
      const bytes = words[head + LOG_DATA_PAYLOAD_BYTES];
      this.flags[record] = flags;
      this.#bulky[record] = bytes > BULKY_BYTES ? bytes : 0;
      this.#bulkyBytes += this.#bulky[record];
      this.firstFrame[record] = this.frames.next;
      if ((flags & FLAG_LARGE) !== 0) this.frames.add(Buffer.from(takeRegion()), 0, bytes);
      else this.frames.add(log.bytes, (table + words[head + LOG_DATA_TARGET_WORDS]) << 2, bytes);
      this.endFrame[record] = this.frames.next;
      this.#runEnd[run] = (record + 1) & this.#mask;
    }
    if (this.#runCount > 0) this.#runPosition[this.#lastRun] = log.position;
    return run >= 0;
  }

  /** The client to write to next. */
  get firstClient(): number {
    return this.#clients[this.#firstClient];
  }

  /** The first client has got all that it was due, or never will. */
  shift(): void {
    const local = this.#clients[this.#firstClient];
    this.#firstClient = (this.#firstClient + 1) & this.#clientMask;
    this.#clientCount--;
    const mask = this.#entryRun.length - 1;
    for (let entry = this.#chainHead[local]; entry >= 0; entry = this.#entryNext[entry & mask]) {
      this.#runLeft[this.#entryRun[entry & mask]]--;
    }
    this.#chainHead[local] = -1;
    while (this.#runCount > 0 && this.#runLeft[this.#firstRun] === 0) this.#retire();
    if (this.#clientCount > 0) return;
    // Starting over touches the same memory again.
    this.#firstRecord = 0;
    this.#firstRun = 0;
    this.#nextEntry = 0;
    this.#firstClient = 0;
  }

  // ── what a client is due: runs by a chain of entries, records from `firstRecord` to before `endRecord`, frames ──

  firstEntry(local: number): number {
    return this.#chainHead[local];
  }

  /** Next entry of the same client, -1 at the end. */
  nextEntry(entry: number): number {
    return this.#entryNext[entry & (this.#entryNext.length - 1)];
  }

  firstRecord(entry: number): number {
    return this.#runFirst[this.#runOf(entry)];
  }

  endRecord(entry: number): number {
    return this.#runEnd[this.#runOf(entry)];
  }

  nextRecord(record: number): number {
    return (record + 1) & this.#mask;
  }

  /** The record of a client that is due a single frame; -1 when it is due more. */
  loneRecord(local: number): number {
    const entry = this.#chainHead[local];
    if (this.nextEntry(entry) >= 0) return -1;
    const record = this.firstRecord(entry);
    if (this.nextRecord(record) !== this.endRecord(entry)) return -1;
    return this.frames.after(this.firstFrame[record]) === this.endFrame[record] ? record : -1;
  }

  #runOf(entry: number): number {
    return this.#entryRun[entry & (this.#entryRun.length - 1)];
  }

  get #lastRun(): number {
    return (this.#firstRun + this.#runCount - 1) & this.#mask;
  }

  /** The run that the next record belongs to; -1 when it is for nobody here. */
  #runFor(flags: number, words: Int32Array, table: number): number {
    const same = (flags & FLAG_SAME) !== 0;
    if (same && this.#lastRunMayGrow) return this.#lastRun;
    const keep = (flags & FLAG_KEEP) !== 0;
    const targets = same || keep ? this.#kept : this.#targets;
    if (!same) targets.read(words, table);
    if (keep) this.#lastRunIsKept = false; // those were other targets
    return targets.count === 0 ? -1 : this.#openRun(targets, same || keep);
  }

  get #lastRunMayGrow(): boolean {
    if (!this.#lastRunIsKept || this.#runCount === 0) return false;
    const run = this.#lastRun;
    return this.#runLeft[run] === this.#runClients[run];
  }

  #openRun(targets: TargetSlots, kept: boolean): number {
    const { slots, count } = targets;
    this.#reserve(count);
    const run = (this.#firstRun + this.#runCount++) & this.#mask;
    this.#runFirst[run] = (this.#firstRecord + this.#recordCount) & this.#mask;
    this.#runClients[run] = count;
    this.#runLeft[run] = count;
    this.#lastRunIsKept = kept;
    // While clients wait the first one stays: those written to queue again in the same order.
    if (this.#clientCount === 0) this.#rotation = (this.#rotation + ROTATION) % MAX_ENTRIES;
    const first = this.#rotation % count;
    for (let i = first; i < count; i++) this.#append(slots[i], run);
    for (let i = 0; i < first; i++) this.#append(slots[i], run);
    return run;
  }

  #append(local: number, run: number): void {
    const mask = this.#entryRun.length - 1;
    const entry = this.#nextEntry;
    this.#nextEntry = (entry + 1) & ENTRY_NUMBERS;
    this.#entryCount++;
    this.#entryRun[entry & mask] = run;
    this.#entryNext[entry & mask] = -1;
    if (this.#chainHead[local] < 0) {
      this.#chainHead[local] = entry;
      this.#clients[(this.#firstClient + this.#clientCount++) & this.#clientMask] = local;
    } else {
      this.#entryNext[this.#chainTail[local] & mask] = entry;
    }
    this.#chainTail[local] = entry;
  }

  /** The first run has been written to all that it is for. */
  #retire(): void {
    const run = this.#firstRun;
    this.#donePosition = this.#runPosition[run];
    this.#entryCount -= this.#runClients[run];
    this.#firstRun = (run + 1) & this.#mask;
    this.#runCount--;
    const end = this.#runEnd[run];
    for (let record = this.#firstRecord; record !== end; record = this.nextRecord(record)) {
      this.#bulkyBytes -= this.#bulky[record];
    }
    this.frames.retire(this.endFrame[(end - 1) & this.#mask]);
    this.#recordCount -= (end - this.#firstRecord) & this.#mask;
    this.#firstRecord = end;
  }

  /** Makes room for more entries; those there are keep their numbers. */
  #reserve(more: number): void {
    const capacity = this.#entryRun.length;
    if (this.#entryCount + more <= capacity) return;
    const entryRun = new Int32Array(powerOfTwo(this.#entryCount + more));
    const entryNext = new Int32Array(entryRun.length);
    for (let n = 1; n <= this.#entryCount; n++) {
      const entry = (this.#nextEntry - n) & ENTRY_NUMBERS;
      entryRun[entry & (entryRun.length - 1)] = this.#entryRun[entry & (capacity - 1)];
      entryNext[entry & (entryRun.length - 1)] = this.#entryNext[entry & (capacity - 1)];
    }
    this.#entryRun = entryRun;
    this.#entryNext = entryNext;
  }
}

/** The smallest power of two that is not below `n`. */
function powerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(n));
}
