/**
 * From emit to arrival, in microseconds. Generator process, one for all clients.
 * Either samples some numbers at every client, or times each emit when the last of its receivers has it.
 */
import { monotonicMicros } from '../clock.ts';
import { Histogram } from '../histogram.ts';

/** Prime, to be out of step with any batch size. */
const TIMED_EVERY = 7;
/** Emits whose receivers may be counted at once; more in flight would mix two of them up. */
const COUNTED_EMITS = 1 << 16;

export class ArrivalTimes {
  readonly histogram = new Histogram();
  /** Receivers of every emit, or 0 to sample. */
  readonly #receivers: number;
  readonly #counts: Uint16Array;

  /** @param receivers of each emit, to time its last arrival; 0 to sample */
  constructor(receivers: number) {
    this.#receivers = receivers;
    this.#counts = new Uint16Array(receivers === 0 ? 0 : COUNTED_EMITS);
  }

  /** Whether this arrival is one to time. To be asked once per arrival. */
  isDue(sequence: number): boolean {
    if (this.#receivers === 0) return sequence % TIMED_EVERY === 0;
    const at = sequence & (COUNTED_EMITS - 1);
    if (++this.#counts[at] < this.#receivers) return false;
    this.#counts[at] = 0;
    return true;
  }

  record(stampMicros: number): void {
    this.histogram.record(monotonicMicros() - stampMicros);
  }
}
