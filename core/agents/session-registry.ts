/**
 * Which session sits on which slot, and of which server. Coordinator only. Numbers are issued here and never repeat;
 * slots come and go with their I/O thread.
 */
import type { SessionNumber } from '../session/ids.ts';

export class SessionRegistry {
  readonly #slotOf = new Map<number, number>();
  /** Session on each slot, 0 when none. Numbers stay exact up to 2^53. */
  readonly #sessionOn: Float64Array;
  readonly #serverOn: Int32Array;
  #next = 1;

  constructor(slots: number) {
    this.#sessionOn = new Float64Array(slots);
    this.#serverOn = new Int32Array(slots);
  }

  get size(): number {
    return this.#slotOf.size;
  }

  open(slot: number, server: number): SessionNumber {
    const session = this.#next++;
    this.#slotOf.set(session, slot);
    this.#sessionOn[slot] = session;
    this.#serverOn[slot] = server;
    return session as SessionNumber;
  }

  /** Forgets the session on a slot and returns it, 0 when the slot has none. */
  close(slot: number): SessionNumber {
    const session = this.#sessionOn[slot];
    this.#slotOf.delete(session);
    this.#sessionOn[slot] = 0;
    return session as SessionNumber;
  }

  /** Slot of a session, -1 when it has ended. */
  slotOf(session: SessionNumber): number {
    return this.#slotOf.get(session) ?? -1;
  }

  /** Session on a slot, 0 when none. */
  sessionOn(slot: number): SessionNumber {
    return this.#sessionOn[slot] as SessionNumber;
  }

  serverOn(slot: number): number {
    return this.#serverOn[slot];
  }
}
