/**
 * One clock for all processes of a bench. Server and generator both read it, so a stamp taken by one can be
 * subtracted by the other: on Linux every process's monotonic clock counts from boot. It must not be compared
 * across machines.
 */

/** Microseconds from boot to this process's `performance.now()` zero. */
const ORIGIN_MICROS = Number(process.hrtime.bigint()) / 1e3 - performance.now() * 1e3;

/** Microseconds since boot; allocates nothing, unlike `process.hrtime()`. */
export function monotonicMicros(): number {
  return ORIGIN_MICROS + performance.now() * 1e3;
}
