/**
 * Counts sessions that have not joined a namespace, by address and in all. App thread: only here is it known who has
 * joined. I/O threads refuse handshakes from those at their limit; a session that slips through is not let in.
 */
import type { SessionNumber } from '../session/ids.ts';

export interface StrangerLimits {
  readonly maxPending: number;
  readonly maxPendingPerAddress: number;
}

export class Strangers {
  readonly #limits: StrangerLimits;
  readonly #block: (address: string | null, blocked: boolean) => void;
  readonly #addressOf = new Map<SessionNumber, string>();
  readonly #countOf = new Map<string, number>();

  /** @param block tells the I/O threads: there may be no more of an address, of all with null, or more again */
  constructor(limits: StrangerLimits, block: (address: string | null, blocked: boolean) => void) {
    this.#limits = limits;
    this.#block = block;
  }

  /** A session has opened; false when there is no room for it. */
  arrive(session: SessionNumber, address: string): boolean {
    const { maxPending, maxPendingPerAddress } = this.#limits;
    const count = (this.#countOf.get(address) ?? 0) + 1;
    const total = this.#addressOf.size + 1;
    // Said at every arrival from the limit on: a restarted thread has not heard of it.
    if (total >= maxPending) this.#block(null, true);
    if (count >= maxPendingPerAddress) this.#block(address, true);
    if (total > maxPending || count > maxPendingPerAddress) return false;
    this.#addressOf.set(session, address);
    this.#countOf.set(address, count);
    return true;
  }

  /** A session has joined a namespace, or ended. */
  settle(session: SessionNumber): void {
    const address = this.#addressOf.get(session);
    if (address === undefined) return;
    const { maxPending, maxPendingPerAddress } = this.#limits;
    const count = this.#countOf.get(address) as number;
    if (this.#addressOf.size === maxPending) this.#block(null, false);
    if (count === maxPendingPerAddress) this.#block(address, false);
    this.#addressOf.delete(session);
    if (count === 1) this.#countOf.delete(address);
    else this.#countOf.set(address, count - 1);
  }
}
