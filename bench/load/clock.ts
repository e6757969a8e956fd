/**
 * One clock for all processes of a bench. Server and generator both read it, so a stamp taken by one can be
 * subtracted by the other: on Linux every process's monotonic clock counts from boot. It must not be compared
 * across machines.
 */

const TRIES = 32;

/** Microseconds from boot to this process's `performance.now()` zero. */
const ORIGIN_MICROS = origin();

/** Microseconds since boot; allocates nothing, unlike `process.hrtime()`. */
export function monotonicMicros(): number {
  return ORIGIN_MICROS + performance.now() * 1e3;
}

/** Of several readings the one in the shortest time: a process that loses its core between two clocks is milliseconds off. */
function origin(): number {
  let shortest = Number.POSITIVE_INFINITY;
  let found = 0;
  for (let left = TRIES; left > 0; left--) {
    const before = Number(process.hrtime.bigint()) / 1e3;
    const now = performance.now() * 1e3;
    const after = Number(process.hrtime.bigint()) / 1e3;
    if (after - before >= shortest) continue;
    shortest = after - before;
    found = (before + after) / 2 - now;
  }
  return found;
}
