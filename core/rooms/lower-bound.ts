/**
 * Binary search in rising numbers. Pure; allocates nothing.
 */

/** Index of the first element of [start, end) that is not below `value`; `end` when all are. */
export function lowerBound(sorted: Uint32Array, start: number, end: number, value: number): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
