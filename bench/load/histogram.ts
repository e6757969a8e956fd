/**
 * Counts whole numbers into buckets no wider than 1.6 % of their value, without allocating per sample.
 * Used for latencies in microseconds and emit times in nanoseconds; values past 2^32 - 1 are counted as that.
 */

/** 64 buckets per power of two. */
const SUB_BITS = 6;
const SUB_BUCKETS = 1 << SUB_BITS;
const MAX_VALUE = 0xffff_ffff;

export class Histogram {
  readonly #counts = new Float64Array((33 - SUB_BITS) * SUB_BUCKETS);
  #total = 0;
  #sum = 0;

  get total(): number {
    return this.#total;
  }

  get mean(): number {
    return this.#total === 0 ? 0 : this.#sum / this.#total;
  }

  record(value: number): void {
    const whole = Math.min(Math.max(Math.round(value), 0), MAX_VALUE);
    this.#counts[bucketOf(whole)]++;
    this.#total++;
    this.#sum += whole;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#sum = 0;
  }

  /** The value below or at which `share` (0 to 1) of the samples lie, rounded down to its bucket; 0 without samples. */
  quantile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#total));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket];
      if (seen >= wanted) return lowestOf(bucket);
    }
    return 0;
  }
}

function bucketOf(value: number): number {
  // Values below two sub-bucket ranges are exact; above, the top SUB_BITS + 1 bits choose the bucket.
  const shift = Math.max(0, 32 - Math.clz32(value) - SUB_BITS - 1);
  return shift * SUB_BUCKETS + Math.floor(value / 2 ** shift);
}

function lowestOf(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / SUB_BUCKETS) - 1);
  return (bucket - shift * SUB_BUCKETS) * 2 ** shift;
}
