/**
 * Counts sessions that have not joined a namespace, by the network of the client and in all. App thread: only here is it
 * known who has joined. I/O threads refuse handshakes from those at their limit; a session that slips through is not let
 * in.
 */
import type { SessionNumber } from '../session/ids.ts';
import { clientNetwork } from '../wire/address.ts';

export interface StrangerLimits {
  readonly maxPending: number;
  readonly maxPendingPerAddress: number;
}

export class Strangers {
  readonly #limits: StrangerLimits;
  readonly #block: (network: string | null, blocked: boolean) => void;
  readonly #networkOf = new Map<SessionNumber, string>();
  readonly #countOf = new Map<string, number>();

  /** @param block tells the I/O threads: there may be no more of a network, of all with null, or more again */
  constructor(limits: StrangerLimits, block: (network: string | null, blocked: boolean) => void) {
    this.#limits = limits;
    this.#block = block;
  }

  /** A session has opened; false when there is no room for it. */
  arrive(session: SessionNumber, address: string): boolean {
    const { maxPending, maxPendingPerAddress } = this.#limits;
    const network = clientNetwork(address);
    const count = (this.#countOf.get(network) ?? 0) + 1;
    const total = this.#networkOf.size + 1;
    // Said at every arrival from the limit on: a restarted thread has not heard of it.
    if (total >= maxPending) this.#block(null, true);
    if (count >= maxPendingPerAddress) this.#block(network, true);
    if (total > maxPending || count > maxPendingPerAddress) return false;
    this.#networkOf.set(session, network);
    this.#countOf.set(network, count);
    return true;
  }

  /** A session has joined a namespace, or ended. */
  settle(session: SessionNumber): void {
    const network = this.#networkOf.get(session);
    if (network === undefined) return;
    const { maxPending, maxPendingPerAddress } = this.#limits;
    const count = this.#countOf.get(network) as number;
    if (this.#networkOf.size === maxPending) this.#block(null, false);
    if (count === maxPendingPerAddress) this.#block(network, false);
    this.#networkOf.delete(session);
    if (count === 1) this.#countOf.delete(network);
    else this.#countOf.set(network, count - 1);
  }
}
