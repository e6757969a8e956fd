/**
 * Checks that each client sees 1, 2, 3, … and counts what it sees instead. Generator process, one for all clients.
 * A stream adds its regular deliveries itself, a chunk at a time; only irregular numbers come through a call.
 */
import type { Faults } from '../messages.ts';

/** A jump past this is taken for damage, not for loss. */
const MAX_GAP = 1_000_000;

export class SequenceTally {
  /** Per client: the number it must see next. Streams advance it. */
  readonly next: Int32Array;
  /** Events since the last `beginMeasuring`, regular or not. */
  deliveries = 0;
  malformed = 0;
  #lost = 0;
  #doubled = 0;
  #reordered = 0;
  /** Per client the skipped numbers, to tell a late one from a double. Empty while all is well. */
  readonly #missing = new Map<number, Set<number>>();

  constructor(clients: number) {
    this.next = new Int32Array(clients).fill(1);
  }

  get faults(): Faults {
    return { lost: this.#lost, doubled: this.#doubled, reordered: this.#reordered, malformed: this.malformed };
  }

  /** Highest number that every client has reached or passed. */
  get slowest(): number {
    const next = this.next;
    let slowest = next[0];
    for (let client = 1; client < next.length; client++) if (next[client] < slowest) slowest = next[client];
    return slowest - 1;
  }

  beginMeasuring(): void {
    this.deliveries = 0;
  }

  /** `client` saw `sequence` when it was due `due`, another number; returns what it is due now. */
  irregular(client: number, sequence: number, due: number): number {
    if (sequence > due) {
      if (sequence - due > MAX_GAP) {
        this.malformed++;
        return due;
      }
      const missing = this.#missing.get(client) ?? new Set<number>();
      this.#missing.set(client, missing);
      for (let skipped = due; skipped < sequence; skipped++) missing.add(skipped);
      this.#lost += sequence - due;
      return sequence + 1;
    }
    if (this.#missing.get(client)?.delete(sequence)) {
      this.#lost--;
      this.#reordered++;
    } else {
      this.#doubled++;
    }
    return due;
  }

  /** Counts as lost what clients were still due up to `last`, and as damage what nobody sent. */
  close(last: number): void {
    for (let client = 0; client < this.next.length; client++) {
      const short = last + 1 - this.next[client];
      if (short > 0) this.#lost += short;
      if (short < 0) this.malformed -= short;
      this.next[client] = last + 1;
    }
  }
}
