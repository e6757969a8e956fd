/**
 * Writes the broadcast log: everything outbound is one record here, in one order. Coordinator only; it never waits:
 * a gated record is a value, and the caller keeps it for later.
 */
import type { TargetSet } from '../rooms/target-set.ts';
import { SHAPE_SPARSE } from '../rooms/target-set.ts';
import type { LogWriter } from '../shm/broadcast-log.ts';
import type { Doorbell } from '../shm/control.ts';
import { UNIT_SHIFT } from '../shm/layout.ts';
import { DeliveryWindow } from './delivery-window.ts';
import {
  align8,
  FLAG_KEEP,
  FLAG_LARGE,
  FLAG_SAME,
  LOG_DATA,
  LOG_DATA_DELIVERIES,
  LOG_DATA_HEAD_BYTES,
  LOG_DATA_PAYLOAD_BYTES,
  LOG_DATA_TARGET_WORDS,
  TARGET_TABLE_WORDS,
} from './records.ts';
import type { SlotRange } from './slot-ranges.ts';

/** Where a payload lies: in a command record, or in a region of its own. */
export interface Payload {
  words: Int32Array;
  offset: number;
  bytes: number;
  region: SharedArrayBuffer | undefined;
}

/** Hands a large payload to an I/O thread; it arrives before the record that names it is published. */
export type PostRegion = (ioThread: number, region: SharedArrayBuffer) => void;

/** A thread that is no target is rung only once it lags this part of the log. */
const LAG_FRACTION = 4;
/** Targets smaller than this are not worth a copy at every reader. */
const KEEP_FROM = 8;
/** A control record with its header, and a little for the wrap. */
const CONTROL_RECORD_BYTES = 64;

export class Sequencer {
  readonly #log: LogWriter;
  readonly #ranges: readonly SlotRange[];
  readonly #doorbells: readonly Doorbell[];
  readonly #post: PostRegion;
  readonly #window = new DeliveryWindow();
  readonly #lagUnits: number;

  /** Per thread, of the record being written: first word and end of its dense part. */
  readonly #lo: Int32Array;
  readonly #hi: Int32Array;
  /** Bit i: thread i has something new that concerns it. */
  #toRing = 0;
  /** Of the last record with FLAG_KEEP, while readers may be referred to it. */
  #keptDeliveries = 0;
  #keptThreads = 0;
  #keepValid = false;
  #keptLast = false;
  /** Slowest cursor when a record was last refused. */
  #refusedAt = 0;

  constructor(log: LogWriter, ranges: readonly SlotRange[], doorbells: readonly Doorbell[], post: PostRegion) {
    this.#log = log;
    this.#ranges = ranges;
    this.#doorbells = doorbells;
    this.#post = post;
    this.#lagUnits = log.capacity / LAG_FRACTION / (1 << UNIT_SHIFT);
    this.#lo = new Int32Array(ranges.length);
    this.#hi = new Int32Array(ranges.length);
  }

  /** Lets an I/O thread in at the tail. It has no copy of earlier targets, so nobody is referred to them any more. */
  attach(ioThread: number): void {
    this.#log.attach(ioThread);
    this.#keepValid = false;
  }

  detach(ioThread: number): void {
    this.#log.detach(ioThread);
  }

  /** The thread's cursor counts. */
  isLive(ioThread: number): boolean {
    return this.#log.isLive(ioThread);
  }

  /** Forgets which targets the readers have copied. */
  forgetTargets(): void {
    this.#keepValid = false;
  }

  /** Readers may be referred to the last kept targets. */
  get canRepeat(): boolean {
    return this.#keepValid;
  }

  /** The last `send` was one that readers keep the targets of. */
  get keptLast(): boolean {
    return this.#keptLast;
  }

  /** True when the slowest cursor has moved since a record was last refused. */
  gateMoved(): boolean {
    return this.#log.gate() !== this.#refusedAt;
  }

  /** Writes a packet for the given targets; false while gated. Nobody targeted counts as written. */
  send(flags: number, targets: TargetSet, payload: Payload): boolean {
    const deliveries = targets.count;
    this.#keptLast = false;
    if (deliveries === 0) return true;
    if (!this.#hasWindow(deliveries, payload)) return this.#refuse();

    const listWords = this.#measure(targets);
    const tableWords = this.#ranges.length * TARGET_TABLE_WORDS;
    const targetBytes = align8((tableWords + listWords) * 4);
    const keep = deliveries >= KEEP_FROM ? FLAG_KEEP : 0;
    const at = this.#claim(flags | keep, targetBytes, deliveries, payload);
    if (at < 0) return this.#refuse();

    const threads = this.#writeTargets(targets, at);
    if (keep !== 0) {
      this.#keptDeliveries = deliveries;
      this.#keptThreads = threads;
      this.#keepValid = true;
      this.#keptLast = true;
    }
    this.#publish(threads, deliveries, payload);
    return true;
  }

  /** Writes a packet for the same targets as the last kept ones; false while gated. Only while `canRepeat`. */
  repeat(flags: number, payload: Payload): boolean {
    if (!this.#hasWindow(this.#keptDeliveries, payload)) return this.#refuse();
    if (this.#claim(flags | FLAG_SAME, 0, this.#keptDeliveries, payload) < 0) return this.#refuse();
    this.#publish(this.#keptThreads, this.#keptDeliveries, payload);
    return true;
  }

  /**
   * Writes a control record of up to two words for one thread, or for all with -1; false when even the reserve is full.
   */
  control(type: number, ioThread: number, word0 = 0, word1 = 0): boolean {
    const at = this.#log.claim(type, 0, 8, true);
    if (at < 0) return this.#refuse();
    this.#log.words[at >> 2] = word0;
    this.#log.words[(at >> 2) + 1] = word1;
    this.#log.commit();
    this.#toRing |= ioThread < 0 ? (1 << this.#ranges.length) - 1 : 1 << ioThread;
    return true;
  }

  /** Whether the next control records have room; a false one counts as refused. */
  hasControlRoom(records = 1): boolean {
    return this.#log.hasRoom(records * CONTROL_RECORD_BYTES) || this.#refuse();
  }

  /** Wakes the threads that have something to do. Call when a turn's records are written. */
  ring(): void {
    for (let i = 0; i < this.#ranges.length; i++) {
      if (!this.#log.isLive(i)) continue;
      const targeted = (this.#toRing & (1 << i)) !== 0;
      if (targeted || ((this.#log.tail - this.#log.cursor(i)) | 0) > this.#lagUnits) this.#doorbells[i].ring();
    }
    this.#toRing = 0;
  }

  /** True when every live reader has passed everything. */
  isDrained(): boolean {
    return this.#log.gate() === this.#log.tail;
  }

  get outstandingDeliveries(): number {
    this.#window.retire(this.#log.gate());
    return this.#window.outstanding;
  }

  #refuse(): false {
    this.#refusedAt = this.#log.seenGate;
    this.#toRing = (1 << this.#ranges.length) - 1; // the slowest reader may be asleep, for want of targets of its own
    return false;
  }

  #hasWindow(deliveries: number, payload: Payload): boolean {
    const largeBytes = payload.region === undefined ? 0 : payload.bytes;
    if (this.#window.fits(deliveries, largeBytes)) return true;
    this.#window.retire(this.#log.gate());
    return this.#window.fits(deliveries, largeBytes);
  }

  /** Claims the record and fills head and payload; returns the index of its first target word, or -1. */
  #claim(flags: number, targetBytes: number, deliveries: number, payload: Payload): number {
    const log = this.#log;
    const inline = payload.region === undefined ? payload.bytes : 0;
    const large = payload.region === undefined ? 0 : FLAG_LARGE;
    const offset = log.claim(LOG_DATA, flags | large, LOG_DATA_HEAD_BYTES + targetBytes + inline, false);
    if (offset < 0) return -1;
    const word = offset >> 2;
    log.words[word + LOG_DATA_PAYLOAD_BYTES] = payload.bytes;
    log.words[word + LOG_DATA_DELIVERIES] = deliveries;
    log.words[word + LOG_DATA_TARGET_WORDS] = targetBytes >> 2;
    const targets = word + (LOG_DATA_HEAD_BYTES >> 2);
    // hot: payloads are padded to whole words; for the usual 100 bytes a loop beats a view and a native call.
    const from = payload.offset >> 2;
    const to = targets + (targetBytes >> 2);
    const count = inline >> 2;
    if (count <= 64) for (let i = 0; i < count; i++) log.words[to + i] = payload.words[from + i];
    else log.words.set(payload.words.subarray(from, from + count), to);
    return targets;
  }

  #publish(threads: number, deliveries: number, payload: Payload): void {
    const region = payload.region;
    if (region !== undefined) {
      for (let i = 0; i < this.#ranges.length; i++) if ((threads & (1 << i)) !== 0) this.#post(i, region);
    }
    this.#log.commit();
    this.#window.add(this.#log.tail, deliveries, region === undefined ? 0 : payload.bytes);
    this.#toRing |= threads;
  }

  /** Words that the lists of all threads take; notes each thread's part of a dense set. */
  #measure(targets: TargetSet): number {
    if (targets.shape === SHAPE_SPARSE) return targets.count;
    let words = 0;
    for (let i = 0; i < this.#ranges.length; i++) {
      const { first, count } = this.#ranges[i];
      this.#lo[i] = targets.firstWordInRange(first, first + count);
      this.#hi[i] = targets.endWordInRange(this.#lo[i], first + count);
      words += Math.max(0, this.#hi[i] - this.#lo[i]);
    }
    return words;
  }

  /** Returns the threads that have targets, a bit each. */
  #writeTargets(targets: TargetSet, table: number): number {
    const words = this.#log.words;
    const unsigned = this.#log.unsignedWords;
    const sparse = targets.shape === SHAPE_SPARSE;
    let list = table + this.#ranges.length * TARGET_TABLE_WORDS;
    let threads = 0;
    for (let i = 0; i < this.#ranges.length; i++) {
      const { first, count } = this.#ranges[i];
      let size: number;
      if (sparse) {
        size = targets.copySlots(first, first + count, unsigned, list);
        words[table] = size;
        words[table + 1] = 0;
      } else {
        size = Math.max(0, this.#hi[i] - this.#lo[i]);
        if (size > 0) targets.copyWords(this.#lo[i], this.#hi[i], unsigned, list);
        words[table] = -size;
        words[table + 1] = this.#lo[i];
      }
      if (size > 0) threads |= 1 << i;
      list += size;
      table += TARGET_TABLE_WORDS;
    }
    return threads;
  }
}
