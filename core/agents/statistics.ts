/**
 * `io.stats()`: the counters of all threads, summed without wrapping, and the lengths of the queues. App thread.
 */
import type { Control } from '../shm/control.ts';
import { COUNTER_NAMES, type CounterName, FIRST_IO_THREAD } from '../shm/layout.ts';

export interface Stats {
  /** Sums over all I/O threads since the start. */
  readonly total: Readonly<Record<CounterName, number>>;
  /** The same for each I/O thread. */
  readonly ioThreads: readonly Readonly<Record<CounterName, number>>[];
}

/** Counters that are levels, not sums. */
const LEVELS: ReadonlySet<CounterName> = new Set<CounterName>(['queuedBytes']);
/** Counters wrap after 2^32; at ten million deliveries a second that takes seven minutes. */
const READ_MS = 60_000;

export class Statistics {
  readonly #counters: readonly Int32Array[];
  readonly #seen: readonly Int32Array[];
  readonly #sums: readonly Float64Array[];
  readonly #timer: NodeJS.Timeout;

  constructor(control: Control, ioThreads: number) {
    this.#counters = Array.from({ length: ioThreads }, (_, i) => control.counters(FIRST_IO_THREAD + i));
    this.#seen = this.#counters.map(() => new Int32Array(COUNTER_NAMES.length));
    this.#sums = this.#counters.map(() => new Float64Array(COUNTER_NAMES.length));
    this.#timer = setInterval(() => this.#collect(), READ_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  read(): Stats {
    this.#collect();
    const ioThreads = this.#sums.map((sums) => named((i) => sums[i]));
    return { total: named((i) => this.#sums.reduce((sum, sums) => sum + sums[i], 0)), ioThreads };
  }

  #collect(): void {
    for (const [t, counters] of this.#counters.entries()) {
      for (const [i, name] of COUNTER_NAMES.entries()) {
        const value = counters[i];
        if (LEVELS.has(name)) this.#sums[t][i] = value;
        else this.#sums[t][i] += (value - this.#seen[t][i]) >>> 0;
        this.#seen[t][i] = value;
      }
    }
  }
}

function named(value: (index: number) => number): Record<CounterName, number> {
  const entries = COUNTER_NAMES.map((name, i) => [name, value(i)] as const);
  return Object.fromEntries(entries) as Record<CounterName, number>;
}
