/** A word that nobody ever rings. */
const QUIET = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Blocks the calling thread. Only for a thread whose work may wait so long. @param milliseconds how long */
export function rest(milliseconds: number): void {
  Atomics.wait(QUIET, 0, 0, milliseconds);
}
