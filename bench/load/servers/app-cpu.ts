/**
 * CPU time of the calling process's main thread, which is the app thread of every server under test. Wall-clock times
 * on a full machine include waiting for a core; this does not. The kernel updates it at its ticks, some milliseconds
 * apart: good for the sum over a run, useless for a single call.
 */
import { readFileSync } from 'node:fs';

/** The main thread's number is the process's own. The first field is nanoseconds on a core. */
const SCHEDSTAT = `/proc/self/task/${process.pid}/schedstat`;

/** Microseconds since the thread began, or undefined where the system does not tell. */
export function appCpuMicros(): number | undefined {
  try {
    return Number.parseInt(readFileSync(SCHEDSTAT, 'latin1'), 10) / 1e3;
  } catch {
    return undefined;
  }
}
