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
  readonly #serialOn: Int32Array;
  #next = 1;

  constructor(slots: number) {
    this.#sessionOn = new Float64Array(slots);
    this.#serverOn = new Int32Array(slots);
    this.#serialOn = new Int32Array(slots);
  }

  get size(): number {
    return this.#slotOf.size;
  }

  /** @param serial tells this session from others on the same slot */
  open(slot: number, server: number, serial: number): SessionNumber {
    const session = this.#next++;
    this.#slotOf.set(session, slot);
    this.#sessionOn[slot] = session;
    this.#serverOn[slot] = server;
    this.#serialOn[slot] = serial;
    return session as SessionNumber;
  }

  /** The session that an upgrade names, 0 when it has ended. */
  sessionAt(slot: number, serial: number): SessionNumber {
    return (this.#serialOn[slot] === serial ? this.#sessionOn[slot] : 0) as SessionNumber;
  }

  /** The session on `from` lives on `to` from now on, under its number. */
  move(from: number, to: number): void {
    const session = this.#sessionOn[from];
    this.#slotOf.set(session, to);
    this.#sessionOn[to] = session;
    this.#sessionOn[from] = 0;
    this.#serverOn[to] = this.#serverOn[from];
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
