/**
 * Last packets of polling sessions that this side ended while no poll was open: they wait a while for the next one. One
 * budget for all Servers of an I/O thread, because no session counts any more that could be closed for it.
 */
import type { Revision } from '../../wire/engine-packet.ts';
import type { QueuedPacket } from './polling-transport.ts';

/** A poll should follow within this. */
const LINGER_MS = 30_000;
/** For all that waits on one thread; with more the oldest goes. */
export const MAX_LINGERING_BYTES = 64 * 1024 * 1024;
/** What an entry costs besides its packets. */
const ENTRY_BYTES = 256;

export interface LastWords {
  readonly revision: Revision;
  readonly binary: boolean;
  readonly packets: readonly QueuedPacket[];
}

interface Entry extends LastWords {
  readonly until: number;
  readonly bytes: number;
}

export class Lingering {
  readonly #maxBytes: number;
  /** By Server and session, in order of their ends. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(maxBytes = MAX_LINGERING_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** @param packetBytes what the packets hold in memory; more than the whole budget is not kept, only that they ended */
  add(server: number, sid: string, { revision, binary, packets }: LastWords, packetBytes: number, now: number): void {
    const fits = packetBytes + ENTRY_BYTES <= this.#maxBytes;
    const bytes = ENTRY_BYTES + (fits ? packetBytes : 0);
    const key = keyOf(server, sid);
    this.#drop(key); // of an earlier session by that id
    this.#entries.set(key, { revision, binary, packets: fits ? packets : [], until: now + LINGER_MS, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(oldest);
    }
  }

  /** Gives them out once. */
  take(server: number, sid: string): LastWords | undefined {
    return this.#drop(keyOf(server, sid));
  }

  tick(now: number): void {
    for (const [key, { until }] of this.#entries) {
      if (until > now) break;
      this.#drop(key);
    }
  }

  #drop(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
    return entry;
  }
}

const keyOf = (server: number, sid: string): string => `${server} ${sid}`;
