/**
 * The coordinator's end of `events`: copies inbox records to the app thread and keeps, on its own heap, the closes that
 * found no room. Never blocks; a record that must wait is left in its inbox by the caller.
 */
import type { MessagePort } from 'node:worker_threads';
import type { SessionNumber } from '../session/ids.ts';
import { createRegion, RegionWindow } from '../shm/region-port.ts';
import type { SpscRing } from '../shm/spsc-ring.ts';
import type { StashedRecord } from './moves.ts';
import { EVT_CLOSE, EVT_HEAD_BYTES, EVT_UPGRADE, EVT_WORD_A, EVT_WORD_B, putSession } from './records.ts';

/** Bytes of large payloads that may wait for the app thread; beyond it `events` counts as full. */
const MAX_LARGE_BYTES = 64 * 1024 * 1024;

interface PendingClose {
  readonly session: SessionNumber;
  readonly reason: number;
  readonly detail: number;
}

export class EventWriter {
  readonly #ring: SpscRing;
  readonly #port: MessagePort;
  readonly #window = new RegionWindow();
  readonly #pending: PendingClose[] = [];
  #written = 0;
  #full = false;
  /** Up to where the app thread had freed when a record found no room. */
  #fullAt = 0;

  constructor(ring: SpscRing, port: MessagePort) {
    this.#ring = ring;
    this.#port = port;
  }

  /** True when there may be room for records and large payloads: inboxes may be read. */
  get open(): boolean {
    if (this.#pending.length > 0 || !this.#hasRoom()) return false;
    if (this.#window.bytes < MAX_LARGE_BYTES) return true;
    this.#window.retire(this.#ring.freed);
    return this.#window.bytes < MAX_LARGE_BYTES;
  }

  /** True when closes wait on the heap and the ring has changed since it was full. */
  get canFlush(): boolean {
    return this.#pending.length > 0 && this.#hasRoom();
  }

  /** Records written since the last call. */
  takeWritten(): number {
    const written = this.#written;
    this.#written = 0;
    return written;
  }

  /** Copies the record that `inbox` stands on, with the session for the slot; false when there is no room. */
  forward(inbox: SpscRing, session: SessionNumber, region: SharedArrayBuffer | undefined): boolean {
    const at = this.#claim(inbox.type, inbox.flags, inbox.length);
    if (at < 0) return false;
    copyWords(inbox, this.#ring, at);
    putSession(this.#ring.words, at >> 2, session);
    this.#finish(region);
    return true;
  }

  /** Reports that a session's transport is a WebSocket now; false when there is no room. */
  upgraded(session: SessionNumber): boolean {
    const at = this.#claim(EVT_UPGRADE, 0, EVT_HEAD_BYTES);
    if (at < 0) return false;
    putSession(this.#ring.words, at >> 2, session);
    this.#ring.commit();
    this.#written++;
    return true;
  }

  /** Writes a record that was taken out of its inbox earlier; false when there is no room. */
  replay({ type, flags, bytes, region }: StashedRecord, session: SessionNumber): boolean {
    const at = this.#claim(type, flags, bytes.length);
    if (at < 0) return false;
    this.#ring.bytes.set(bytes, at);
    putSession(this.#ring.words, at >> 2, session);
    this.#finish(region);
    return true;
  }

  /** Reports an end that no inbox record reports; it waits on the heap when there is no room. */
  close(session: SessionNumber, reason: number, detail: number): void {
    const entry = { session, reason, detail };
    if (this.#pending.length > 0 || !this.#writeClose(entry)) this.#pending.push(entry);
  }

  /** Writes what waits on the heap, as far as there is room. */
  flush(): void {
    if (!this.#hasRoom()) return;
    let done = 0;
    while (done < this.#pending.length && this.#writeClose(this.#pending[done])) done++;
    if (done > 0) this.#pending.splice(0, done);
  }

  /** Publishes the record just filled; its region must be there before it. */
  #finish(region: SharedArrayBuffer | undefined): void {
    if (region !== undefined) this.#port.postMessage(region);
    this.#ring.commit();
    if (region !== undefined) this.#window.add(this.#ring.position, region.byteLength);
    this.#written++;
  }

  /** False from a claim that failed until the app thread has freed something. */
  #hasRoom(): boolean {
    if (this.#full && this.#ring.freed === this.#fullAt) return false;
    this.#full = false;
    return true;
  }

  #claim(type: number, flags: number, bytes: number): number {
    const at = this.#ring.claim(type, flags, bytes);
    if (at >= 0) return at;
    this.#fullAt = this.#ring.freed;
    // Freed between the two looks: the claim must be tried again, or nobody would wake us.
    const again = this.#ring.claim(type, flags, bytes);
    this.#full = again < 0;
    return again;
  }

  #writeClose({ session, reason, detail }: PendingClose): boolean {
    const at = this.#claim(EVT_CLOSE, 0, EVT_HEAD_BYTES);
    if (at < 0) return false;
    const word = at >> 2;
    putSession(this.#ring.words, word, session);
    this.#ring.words[word + EVT_WORD_A] = reason;
    this.#ring.words[word + EVT_WORD_B] = detail;
    this.#ring.commit();
    this.#written++;
    return true;
  }
}

/** hot: for the usual short message a loop beats a view and a native call; bench/topology/rings.ts. */
function copyWords(from: SpscRing, to: SpscRing, at: number): void {
  const source = from.offset >> 2;
  const target = at >> 2;
  const count = (from.length + 3) >> 2;
  if (count <= 64) for (let i = 0; i < count; i++) to.words[target + i] = from.words[source + i];
  else to.words.set(from.words.subarray(source, source + count), target);
}

/** Copies bytes into a region of their own. */
export function regionOf(bytes: Uint8Array): SharedArrayBuffer {
  const region = createRegion(bytes.byteLength);
  new Uint8Array(region).set(bytes);
  return region;
}
