/**
 * How much of the log is still to be delivered. Depth is delay: the coordinator stops writing data long before the log
 * is full, so that a packet does not wait behind seconds of work. Coordinator only.
 */

/** About 50 ms of work for one I/O thread at a few million deliveries per second. */
export const MAX_OUTSTANDING_DELIVERIES = 200_000;
/** Bytes of payloads that travel outside the log. */
export const MAX_OUTSTANDING_LARGE_BYTES = 64 * 1024 * 1024;

const ENTRIES = 8192; // a power of two; more records than this are gated by count

export class DeliveryWindow {
  readonly #positions = new Int32Array(ENTRIES);
  readonly #deliveries = new Int32Array(ENTRIES);
  readonly #largeBytes = new Float64Array(ENTRIES);
  #head = 0;
  #tail = 0;
  #outstanding = 0;
  #large = 0;

  /** Deliveries of records that some reader has not passed. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** A single record always fits, however large, or it could never be sent. */
  fits(deliveries: number, largeBytes: number): boolean {
    if (this.#head === this.#tail) return true;
    if (((this.#tail - this.#head) | 0) === ENTRIES) return false;
    if (this.#outstanding + deliveries > MAX_OUTSTANDING_DELIVERIES) return false;
    return largeBytes === 0 || this.#large + largeBytes <= MAX_OUTSTANDING_LARGE_BYTES;
  }

  /** Notes a record that ends at `position`. */
  add(position: number, deliveries: number, largeBytes: number): void {
    const i = this.#tail & (ENTRIES - 1);
    this.#positions[i] = position;
    this.#deliveries[i] = deliveries;
    this.#largeBytes[i] = largeBytes;
    this.#tail = (this.#tail + 1) | 0;
    this.#outstanding += deliveries;
    this.#large += largeBytes;
  }

  /** Forgets, in order, every record that the slowest cursor has passed. */
  retire(gate: number): void {
    while (this.#head !== this.#tail) {
      const i = this.#head & (ENTRIES - 1);
      if (((this.#positions[i] - gate) | 0) > 0) return;
      this.#outstanding -= this.#deliveries[i];
      this.#large -= this.#largeBytes[i];
      this.#head = (this.#head + 1) | 0;
    }
  }
}
