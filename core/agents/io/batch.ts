/**
 * The records of one batch and who is due what. Filled from the log, read by the fan-out, emptied when the cursor moves.
 *
 * Records with the same targets that follow one another form a run. Each run lists its local slots once in a pool; when
 * there are several runs, a chain per slot names the runs it is due, in order. Nothing is allocated per recipient.
 */
import type { LogReader } from '../../shm/broadcast-log.ts';
import { FrameReader } from '../../wire/frames.ts';
import { MESSAGE_TYPE } from '../../wire/payload.ts';
import {
  FLAG_KEEP,
  FLAG_LARGE,
  FLAG_SAME,
  LOG_DATA_HEAD_BYTES,
  LOG_DATA_PAYLOAD_BYTES,
  LOG_DATA_TARGET_WORDS,
  TARGET_TABLE_WORDS,
} from '../records.ts';
import type { SlotRange } from '../slot-ranges.ts';
import type { QueuedPacket } from './polling-transport.ts';
import { VARIANT_EIO3, VARIANT_EIO3_BASE64, VARIANT_EIO4, VARIANT_EIO4_BASE64, VARIANTS } from './session-table.ts';

/** A batch takes no more records once its runs list this many slots. */
const MAX_LISTED_SLOTS = 65_536;

export class Batch {
  readonly #thread: number;
  readonly #threads: number;
  readonly #firstSlot: number;
  readonly #firstWord: number;
  readonly #maxRecords: number;

  // records
  recordCount = 0;
  readonly recordFlags: Int32Array;
  /** First frame of each record; one more entry than records. */
  readonly frameStart: Int32Array;
  /** Views of each frame by variant; base64 ones are made when first needed. */
  readonly views: (Uint8Array | undefined)[][] = Array.from({ length: VARIANTS }, () => []);
  readonly binary: boolean[] = [];
  /** Copies of frames for queues, one for all that need it; made when first needed. */
  readonly #copies: (QueuedPacket | undefined)[] = [];
  readonly #reader = new FrameReader();

  // runs
  runCount = 0;
  /** First record of each run; one more entry than runs. */
  readonly runRecord: Int32Array;
  readonly #runList: Int32Array;
  #runTargetsKept = false;

  // listed slots of all runs; entry e of a chain is place e of the pool
  #pool = new Int32Array(1024);
  #entryRun = new Int32Array(0);
  #entryNext = new Int32Array(0);
  #poolLength = 0;
  readonly #chainHead: Int32Array;
  readonly #chainTail: Int32Array;
  #touched = new Int32Array(0);
  #touchedCount = 0;
  #chained = false;

  // this thread's part of the last kept targets
  #kept = new Int32Array(0);
  #keptCount = 0;

  /**
   * @param thread this I/O thread
   * @param threads I/O threads in all, as in the records
   * @param range slots of this thread
   */
  constructor(thread: number, threads: number, range: SlotRange, maxRecords: number) {
    this.#thread = thread;
    this.#threads = threads;
    this.#firstSlot = range.first;
    this.#firstWord = range.first >>> 5;
    this.#maxRecords = maxRecords;
    this.recordFlags = new Int32Array(maxRecords);
    this.frameStart = new Int32Array(maxRecords + 1);
    this.runRecord = new Int32Array(maxRecords + 1);
    this.#runList = new Int32Array(maxRecords + 1);
    this.#chainHead = new Int32Array(range.count).fill(-1);
    this.#chainTail = new Int32Array(range.count);
  }

  get full(): boolean {
    return this.recordCount === this.#maxRecords || this.#poolLength >= MAX_LISTED_SLOTS;
  }

  /** Local slots that are due something, each once. */
  get recipients(): Int32Array {
    return this.#chained ? this.#touched : this.#pool;
  }

  get recipientCount(): number {
    return this.#chained ? this.#touchedCount : this.#poolLength;
  }

  /** Adds the data record that the log stands on, unless it is for nobody here. */
  add(log: LogReader, takeRegion: () => SharedArrayBuffer): void {
    const { words, flags, offset } = log;
    const word = offset >> 2;
    const targets = word + (LOG_DATA_HEAD_BYTES >> 2);
    if (this.addTargets(flags, words, targets) === 0) return;
    const bytes = words[word + LOG_DATA_PAYLOAD_BYTES];
    if ((flags & FLAG_LARGE) !== 0) this.addPayload(flags, Buffer.from(takeRegion()), 0, bytes);
    else this.addPayload(flags, log.bytes, (targets + words[word + LOG_DATA_TARGET_WORDS]) << 2, bytes);
  }

  /** Notes the targets in the table at `word`; returns how many of this thread's slots they name. */
  addTargets(flags: number, words: Int32Array, word: number): number {
    if ((flags & FLAG_SAME) !== 0) return this.#addKept();
    const keep = (flags & FLAG_KEEP) !== 0;
    const from = this.#poolLength;
    this.#list(words, word);
    const count = this.#poolLength - from;
    if (keep) {
      if (this.#kept.length < count) this.#kept = new Int32Array(count * 2);
      this.#kept.set(this.#pool.subarray(from, this.#poolLength));
      this.#keptCount = count;
      if (count === 0) this.#runTargetsKept = false; // a SAME record that follows is for nobody here
    }
    if (count > 0) this.#openRun(from, keep);
    return count;
  }

  /** Adds the frames of the record whose targets were just noted. */
  addPayload(flags: number, memory: Buffer, offset: number, bytes: number): void {
    this.recordFlags[this.recordCount] = flags;
    const reader = this.#reader;
    reader.reset(memory, offset, bytes);
    while (reader.next()) {
      const whole = memory.subarray(reader.offset, reader.offset + reader.length);
      this.views[VARIANT_EIO3].push(whole);
      this.views[VARIANT_EIO4].push(reader.isBinary ? whole.subarray(1) : whole);
      this.views[VARIANT_EIO3_BASE64].push(reader.isBinary ? undefined : whole);
      this.views[VARIANT_EIO4_BASE64].push(reader.isBinary ? undefined : whole);
      this.binary.push(reader.isBinary);
    }
    this.recordCount++;
    this.frameStart[this.recordCount] = this.binary.length;
    this.runRecord[this.runCount] = this.recordCount;
  }

  /** A frame as its receiver needs it. */
  view(variant: number, frame: number): Uint8Array {
    return this.views[variant][frame] ?? this.#base64View(variant, frame);
  }

  /** A frame as a packet that outlives the batch, for clients that are not written to now. */
  copy(frame: number, compress: boolean): QueuedPacket {
    let packet = this.#copies[frame];
    if (packet === undefined) {
      const whole = this.views[VARIANT_EIO3][frame] as Uint8Array; // with its type byte, text and binary alike
      packet = { type: MESSAGE_TYPE, binary: this.binary[frame], data: Buffer.from(whole.subarray(1)), compress };
      this.#copies[frame] = packet;
    }
    return packet;
  }

  /** Closes the batch for filling: builds the chains when one list of slots does not tell the order. */
  seal(): void {
    this.#chained = this.runCount > 1;
    if (!this.#chained) return;
    if (this.#entryRun.length < this.#poolLength) {
      this.#entryRun = new Int32Array(this.#pool.length);
      this.#entryNext = new Int32Array(this.#pool.length);
      this.#touched = new Int32Array(this.#pool.length);
    }
    for (let run = 0; run < this.runCount; run++) {
      for (let e = this.#runList[run]; e < this.#runList[run + 1]; e++) {
        const local = this.#pool[e];
        this.#entryRun[e] = run;
        this.#entryNext[e] = -1;
        if (this.#chainHead[local] < 0) {
          this.#chainHead[local] = e;
          this.#touched[this.#touchedCount++] = local;
        } else {
          this.#entryNext[this.#chainTail[local]] = e;
        }
        this.#chainTail[local] = e;
      }
    }
  }

  /** First chain entry of a local slot; without chains there is one run for all, named by entry 0. */
  firstEntry(local: number): number {
    return this.#chained ? this.#chainHead[local] : 0;
  }

  runOf(entry: number): number {
    return this.#chained ? this.#entryRun[entry] : 0;
  }

  /** Next entry of the same slot, -1 at the end. */
  nextEntry(entry: number): number {
    return this.#chained ? this.#entryNext[entry] : -1;
  }

  /** Whether a local slot is due a single frame. */
  isLone(local: number): boolean {
    const entry = this.firstEntry(local);
    if (this.nextEntry(entry) >= 0) return false;
    const run = this.runOf(entry);
    return this.frameStart[this.runRecord[run + 1]] - this.frameStart[this.runRecord[run]] === 1;
  }

  /** Empties the batch; the kept targets stay. */
  clear(): void {
    if (this.#chained) for (let i = 0; i < this.#touchedCount; i++) this.#chainHead[this.#touched[i]] = -1;
    this.#touchedCount = 0;
    this.#chained = false;
    this.#poolLength = 0;
    this.recordCount = 0;
    this.runCount = 0;
    this.#runTargetsKept = false;
    this.binary.length = 0;
    this.#copies.length = 0;
    for (const views of this.views) views.length = 0;
  }

  /** The same targets again: the last run grows when it has them, else they are listed once more. */
  #addKept(): number {
    if (this.#keptCount === 0 || this.#runTargetsKept) return this.#keptCount;
    const from = this.#poolLength;
    this.#reserve(this.#keptCount);
    this.#pool.set(this.#kept.subarray(0, this.#keptCount), from);
    this.#poolLength += this.#keptCount;
    this.#openRun(from, true);
    return this.#keptCount;
  }

  #openRun(from: number, kept: boolean): void {
    this.runRecord[this.runCount] = this.recordCount;
    this.#runList[this.runCount] = from;
    this.runCount++;
    this.#runList[this.runCount] = this.#poolLength;
    this.runRecord[this.runCount] = this.recordCount;
    this.#runTargetsKept = kept;
  }

  /** Lists this thread's part of a target table. */
  #list(words: Int32Array, table: number): void {
    let at = table + this.#threads * TARGET_TABLE_WORDS;
    for (let i = 0; i < this.#thread; i++) at += Math.abs(words[table + i * TARGET_TABLE_WORDS]);
    const size = words[table + this.#thread * TARGET_TABLE_WORDS];
    if (size > 0) {
      this.#reserve(size);
      for (let i = 0; i < size; i++) this.#pool[this.#poolLength++] = words[at + i] - this.#firstSlot;
      return;
    }
    this.#reserve(-size * 32);
    const firstWord = words[table + this.#thread * TARGET_TABLE_WORDS + 1] - this.#firstWord;
    for (let i = 0; i < -size; i++) {
      const base = (firstWord + i) << 5;
      for (let bits = words[at + i]; bits !== 0; bits &= bits - 1) {
        this.#pool[this.#poolLength++] = base + 31 - Math.clz32(bits & -bits);
      }
    }
  }

  #reserve(more: number): void {
    if (this.#poolLength + more <= this.#pool.length) return;
    const grown = new Int32Array(Math.max(this.#pool.length * 2, this.#poolLength + more));
    grown.set(this.#pool.subarray(0, this.#poolLength));
    this.#pool = grown;
  }

  /** Rare: a client that cannot take binary frames. Made once per record and variant. */
  #base64View(variant: number, frame: number): Uint8Array {
    const data = this.views[VARIANT_EIO4][frame] as Uint8Array;
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
    const view = Buffer.from(`${variant === VARIANT_EIO3_BASE64 ? 'b4' : 'b'}${text}`);
    this.views[variant][frame] = view;
    return view;
  }
}
