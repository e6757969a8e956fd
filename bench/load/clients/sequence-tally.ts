/**
 * Checks that each client sees 1, 2, 3, … of each group it belongs to and counts what it sees instead. Generator
 * process, one for all clients. A stream adds its regular deliveries itself, a chunk at a time; only irregular numbers
 * come through a call.
 */
import { Audience } from '../audience.ts';
import type { Faults } from '../messages.ts';

/** A jump past this is taken for damage, not for loss. */
const MAX_GAP = 1_000_000;
/** What a client is due of a group that it does not belong to. */
const NOTHING = 0;

export class SequenceTally {
  /** Per client and group, `client * groups + group`: the number it must see next. Streams advance it. */
  readonly next: Int32Array;
  readonly groups: number;
  /** Per client: emits it has seen go up; the highest so far. Kept only with more than one group. */
  readonly lastEmit: Int32Array;
  /** Events so far, regular or not. */
  deliveries = 0;
  malformed = 0;
  reordered = 0;
  readonly #audience: Audience;
  #deliveriesBefore = 0;
  #lost = 0;
  #doubled = 0;
  /** Per stream the skipped numbers, to tell a late one from a double. Empty while all is well. */
  readonly #missing = new Map<number, Set<number>>();

  constructor(audience: Audience | number) {
    this.#audience = typeof audience === 'number' ? new Audience('all', audience) : audience;
    const { clients, groups, groupsOf } = this.#audience;
    this.groups = groups;
    this.next = new Int32Array(clients * groups).fill(NOTHING);
    this.lastEmit = new Int32Array(clients);
    for (let client = 0; client < clients; client++) {
      for (const group of groupsOf[client]) this.next[client * groups + group] = 1;
    }
  }

  get faults(): Faults {
    return { lost: this.#lost, doubled: this.#doubled, reordered: this.reordered, malformed: this.malformed };
  }

  /** Deliveries since the last `beginMeasuring`. */
  get measured(): number {
    return this.deliveries - this.#deliveriesBefore;
  }

  /** Deliveries that may be taken as done: where all receive everything, what the slowest client has, times the clients. */
  get seen(): number {
    const { clients, groups, sizes } = this.#audience;
    return groups === 1 && sizes[0] === clients ? this.#slowest() * clients : this.deliveries;
  }

  beginMeasuring(): void {
    this.#deliveriesBefore = this.deliveries;
  }

  /** Stream `at` saw `sequence` when it was due `due`, another number; returns what it is due now. */
  irregular(at: number, sequence: number, due: number): number {
    if (due === NOTHING || sequence - due > MAX_GAP) {
      this.malformed++;
      return due;
    }
    if (sequence > due) {
      const missing = this.#missing.get(at) ?? new Set<number>();
      this.#missing.set(at, missing);
      for (let skipped = due; skipped < sequence; skipped++) missing.add(skipped);
      this.#lost += sequence - due;
      return sequence + 1;
    }
    if (this.#missing.get(at)?.delete(sequence)) {
      this.#lost--;
      this.reordered++;
    } else {
      this.#doubled++;
    }
    return due;
  }

  /** Whether every client has what was emitted to it: `counts[group]` events of each of its groups. */
  isComplete(counts: readonly number[]): boolean {
    const { clients, groupsOf } = this.#audience;
    for (let client = 0; client < clients; client++) {
      for (const group of groupsOf[client]) {
        if (this.next[client * this.groups + group] <= counts[group]) return false;
      }
    }
    return true;
  }

  /** Counts as lost what clients were still due up to `counts` of each group, and as damage what nobody sent. */
  close(counts: readonly number[]): void {
    const { clients, groupsOf } = this.#audience;
    for (let client = 0; client < clients; client++) {
      for (const group of groupsOf[client]) {
        const at = client * this.groups + group;
        const short = counts[group] + 1 - this.next[at];
        if (short > 0) this.#lost += short;
        if (short < 0) this.malformed -= short;
        this.next[at] = counts[group] + 1;
      }
    }
  }

  #slowest(): number {
    const next = this.next;
    let slowest = next[0];
    for (let client = 1; client < next.length; client++) if (next[client] < slowest) slowest = next[client];
    return slowest - 1;
  }
}
