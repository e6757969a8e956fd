/** Repeatable choices: the same on the server and in the generator, so that each can tell what the other must see. */

/** A number from 0 up to 1 that depends on `index` and `salt` only. */
export function chance(index: number, salt: number): number {
  let bits = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca77);
  bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
  return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
}

/** Ranks from 0 to `count` - 1, rank r with a weight of 1 / (r + 1). */
export class Zipf {
  readonly #upTo: Float64Array;

  constructor(count: number) {
    this.#upTo = new Float64Array(count);
    let sum = 0;
    for (let rank = 0; rank < count; rank++) {
      sum += 1 / (rank + 1);
      this.#upTo[rank] = sum;
    }
  }

  /** The rank that `share`, from 0 up to 1, falls on. */
  rank(share: number): number {
    const wanted = share * this.#upTo[this.#upTo.length - 1];
    let low = 0;
    let high = this.#upTo.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#upTo[middle] > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
