/**
 * `io.stats()`: the counters of all threads, summed without wrapping, and the lengths of the queues. App thread.
 */
import { type Control, STATE_RUNNING } from '../shm/control.ts';
import { LogGauge, RingGauge } from '../shm/gauges.ts';
import { COUNTER_NAMES, type CounterName, FIRST_IO_THREAD } from '../shm/layout.ts';
import type { Segment } from './segment.ts';

/** Lengths in bytes of shared memory: headers and padding of records count, payloads that travel beside them do not. */
export interface QueueLengths {
  /** From the application to the coordinator. */
  readonly commandsBytes: number;
  /** From the coordinator to the application. */
  readonly eventsBytes: number;
  /** From each I/O thread to the coordinator. */
  readonly inboxBytes: readonly number[];
  /**
   * Of the broadcast log, what each I/O thread has not passed; 0 for one that is restarting. Records that concern others
   * count too, and wake nobody: an idle thread may stay some bytes behind.
   */
  readonly logLagBytes: readonly number[];
}

/** Of all Servers that share the threads. */
export interface Stats {
  /** Sums over all I/O threads since the start. */
  readonly total: Readonly<Record<CounterName, number>>;
  /** The same for each I/O thread; goes on counting when the thread is restarted. */
  readonly ioThreads: readonly Readonly<Record<CounterName, number>>[];
  /** At this moment. */
  readonly queues: QueueLengths;
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
  readonly #control: Control;
  readonly #commands: RingGauge;
  readonly #events: RingGauge;
  readonly #inboxes: readonly RingGauge[];
  readonly #log: LogGauge;

  constructor(control: Control, segment: Segment) {
    const { ioThreads } = segment.tuning;
    this.#control = control;
    this.#commands = new RingGauge(segment.commands);
    this.#events = new RingGauge(segment.events);
    this.#inboxes = segment.inboxes.map((memory) => new RingGauge(memory));
    this.#log = new LogGauge(segment.log);
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
    const total = named((i) => this.#sums.reduce((sum, sums) => sum + sums[i], 0));
    return { total, ioThreads, queues: this.#queues() };
  }

  #queues(): QueueLengths {
    const isRunning = (ioThread: number): boolean => this.#control.state(FIRST_IO_THREAD + ioThread) === STATE_RUNNING;
    return {
      commandsBytes: this.#commands.usedBytes,
      eventsBytes: this.#events.usedBytes,
      inboxBytes: this.#inboxes.map((inbox) => inbox.usedBytes),
      logLagBytes: this.#inboxes.map((_, i) => (isRunning(i) ? this.#log.lagBytes(i) : 0)),
    };
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
