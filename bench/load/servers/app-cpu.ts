/**
 * What the scheduler says of the calling process's main thread, which is the app thread of every server under test.
 * Wall-clock times on a full machine include waiting for a core; with this it can be told apart.
 */
import { openSync, readFileSync, readSync } from 'node:fs';

/** The main thread's number is the process's own. Nanoseconds on a core, then nanoseconds of waiting for one. */
const SCHEDSTAT = `/proc/self/task/${process.pid}/schedstat`;

/**
 * CPU time since the thread began in microseconds, or undefined where the system does not tell. The kernel updates it at
 * its ticks, some milliseconds apart: good for the sum over a run, useless for a single call.
 */
export function appCpuMicros(): number | undefined {
  try {
    return Number.parseInt(readFileSync(SCHEDSTAT, 'latin1'), 10) / 1e3;
  } catch {
    return undefined;
  }
}

/** Reads how long the thread has waited for a core. The kernel updates that whenever it gets one: good for a single turn. */
export class CoreWait {
  readonly #file = openSync(SCHEDSTAT, 'r');
  readonly #text = Buffer.alloc(64);

  /** Milliseconds since the thread began. */
  read(): number {
    const length = readSync(this.#file, this.#text, 0, this.#text.length, 0);
    return Number(this.#text.toString('latin1', 0, length).split(' ')[1]) / 1e6;
  }
}
