/**
 * Binary search in the first `count` of rising numbers. Pure; allocates nothing.
 */

/** Index of the first element that is not below `value`; `count` when all are. */
export function lowerBound(sorted: Uint32Array, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
