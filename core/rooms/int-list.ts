/**
 * A list of 32-bit integers that its owner fills, empties and fills again without allocating.
 * A plain array would give its memory away each time its length is set to 0.
 */

export class IntList {
  #values: Int32Array;
  #length = 0;

  /** @param capacity Elements it holds before it grows for the first time. @default 16 */
  constructor(capacity: number = 16) {
    this.#values = new Int32Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** The elements are the first `length`; read it anew after a push, which may replace it. */
  get values(): Int32Array {
    return this.#values;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Int32Array(Math.max(16, 2 * this.#length));
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  /** Takes a value out that is there once; the last one takes its place. */
  removeUnordered(value: number): void {
    const values = this.#values;
    let at = 0;
    while (values[at] !== value) at++;
    values[at] = values[--this.#length];
  }

  clear(): void {
    this.#length = 0;
  }
}
