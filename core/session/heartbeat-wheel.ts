/**
 * A hashed timing wheel: one deadline per slot, set and cleared in constant time, for tens of thousands of slots.
 * Owned by one I/O thread, which advances it from a single timer.
 * Takes time only as an argument (monotonic milliseconds) and allocates nothing after construction.
 *
 * Time is cut into ticks. A deadline hangs in the bucket of the tick that ends at or after it, in a doubly linked ring through
 * `#next` and `#previous`; elements past the slots are the buckets' own heads, so linking has no special cases.
 * A deadline beyond one revolution shares a bucket with nearer ones and is passed over until its tick has come.
 */

/** A power of two, so that a bucket is a bit mask. With ticks of 25 ms and more, 25 s are less than one revolution. */
const BUCKETS = 1024;
/** Link of a slot that has no deadline. */
const UNLINKED = -1;

export class HeartbeatWheel {
  readonly #slots: number;
  readonly #tickMs: number;
  readonly #startMs: number;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** Ticks since the start; doubles, because 32 bits of ticks would end after days. */
  readonly #dueTick: Float64Array;
  /** The last tick that was handled: nothing is linked at or before it outside of `advance`. */
  #tick = 0;
  /** Where `advance` goes on; kept here so that unlinking that element from inside `onDue` moves it along. */
  #cursor = UNLINKED;

  /**
   * @param slots deadlines are kept for 0 to `slots` - 1
   * @param tickMs resolution in milliseconds: a deadline is met up to one tick late
   * @param nowMs the present, on the clock of all later calls
   */
  constructor(slots: number, tickMs: number, nowMs: number) {
    this.#slots = slots;
    this.#tickMs = tickMs;
    this.#startMs = nowMs;
    this.#next = new Int32Array(slots + BUCKETS).fill(UNLINKED);
    this.#previous = new Int32Array(slots + BUCKETS).fill(UNLINKED);
    this.#dueTick = new Float64Array(slots);
    for (let head = slots; head < slots + BUCKETS; head++) {
      this.#next[head] = head;
      this.#previous[head] = head;
    }
  }

  /** Sets the deadline of `slot`, in place of one it may have. One that has passed is met by the next tick. */
  schedule(slot: number, dueMs: number): void {
    this.#unlink(slot);
    // Rounded up: a tick is handled when it is over, so no deadline is met early.
    const tick = Math.max(Math.ceil((dueMs - this.#startMs) / this.#tickMs), this.#tick + 1);
    this.#dueTick[slot] = tick;
    const head = this.#slots + (tick % BUCKETS);
    const first = this.#next[head];
    this.#next[slot] = first;
    this.#previous[slot] = head;
    this.#previous[first] = slot;
    this.#next[head] = slot;
  }

  /** The deadline of `slot` as last set, rounded up to a tick. */
  due(slot: number): number {
    return this.#startMs + this.#dueTick[slot] * this.#tickMs;
  }

  /** Drops the deadline of `slot`, if there is one. */
  cancel(slot: number): void {
    this.#unlink(slot);
  }

  /**
   * Calls `onDue` once for every slot whose deadline has come; the deadline is dropped first. `onDue` may schedule and cancel
   * any slot, and what it schedules comes due in a later call; it must not advance the wheel.
   *
   * @param nowMs the present; a value before the last one does nothing
   */
  advance(nowMs: number, onDue: (slot: number) => void): void {
    const last = this.#tick;
    const tick = Math.floor((nowMs - this.#startMs) / this.#tickMs);
    if (tick <= last) return;
    // Set before the walk: a deadline scheduled by `onDue` lands past it, so no slot can come due twice in one call.
    this.#tick = tick;
    const end = Math.min(tick, last + BUCKETS);
    for (let t = last + 1; t <= end; t++) this.#visit(this.#slots + (t % BUCKETS), tick, onDue);
  }

  #visit(head: number, tick: number, onDue: (slot: number) => void): void {
    this.#cursor = this.#next[head];
    while (this.#cursor !== head) {
      const slot = this.#cursor;
      if (this.#dueTick[slot] > tick) {
        this.#cursor = this.#next[slot];
        continue;
      }
      this.#unlink(slot);
      onDue(slot);
    }
    this.#cursor = UNLINKED;
  }

  #unlink(slot: number): void {
    const next = this.#next[slot];
    if (next === UNLINKED) return;
    const previous = this.#previous[slot];
    this.#next[previous] = next;
    this.#previous[next] = previous;
    this.#next[slot] = UNLINKED;
    if (this.#cursor === slot) this.#cursor = next;
  }
}
