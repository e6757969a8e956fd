/**
 * An I/O thread's end of its inbox: records in order, on the heap while the ring is full, within one byte budget.
 * Never waits; when the budget is used up the caller closes whoever uses most of it.
 */
import type { MessagePort } from 'node:worker_threads';
import { RegionWindow } from '../../shm/region-port.ts';
import type { SpscRing } from '../../shm/spsc-ring.ts';
import { regionOf } from '../event-writer.ts';
import {
  EVT_CLOSE,
  EVT_HEAD_BYTES,
  EVT_MESSAGE,
  EVT_OPEN,
  EVT_WORD_A,
  EVT_WORD_B,
  FLAG_LARGE,
  LARGE_PAYLOAD_BYTES,
} from '../records.ts';

/** Bytes that may wait for the coordinator outside the ring, per I/O thread. */
export const MAX_QUEUED_BYTES = 32 * 1024 * 1024;

interface Queued {
  readonly type: number;
  readonly flags: number;
  readonly slot: number;
  readonly word2: number;
  readonly word3: number;
  readonly body: Uint8Array | SharedArrayBuffer | undefined;
}

export class InboxWriter {
  readonly #ring: SpscRing;
  readonly #port: MessagePort;
  readonly #window = new RegionWindow();
  readonly #queue: Queued[] = [];
  readonly #bytesOf = new Map<number, number>();
  #queuedBytes = 0;

  constructor(ring: SpscRing, port: MessagePort) {
    this.#ring = ring;
    this.#port = port;
  }

  /** Bytes that wait outside the ring, large payloads that were posted and not yet taken included. */
  get queuedBytes(): number {
    if (this.#window.bytes > 0) this.#window.retire(this.#ring.freed);
    return this.#queuedBytes + this.#window.bytes;
  }

  get isQueueEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** The slot with most bytes on the heap, -1 when nothing waits there. */
  largestUser(): number {
    let slot = -1;
    let most = 0;
    for (const [candidate, bytes] of this.#bytesOf) {
      if (bytes > most) {
        most = bytes;
        slot = candidate;
      }
    }
    return slot;
  }

  open(slot: number, server: number, sid: string, requestInfo: Uint8Array): void {
    const body = Buffer.allocUnsafe(sid.length + requestInfo.length);
    body.write(sid, 'latin1');
    body.set(requestInfo, sid.length);
    this.#put({ type: EVT_OPEN, flags: 0, slot, word2: server, word3: sid.length, body });
  }

  /** A message of a client. `bytes` is only valid during the call. */
  message(slot: number, kind: number, bytes: Uint8Array): void {
    if (bytes.length >= LARGE_PAYLOAD_BYTES) {
      const body = regionOf(bytes);
      this.#put({ type: EVT_MESSAGE, flags: FLAG_LARGE, slot, word2: kind, word3: bytes.length, body });
      return;
    }
    if (this.#queue.length === 0 && this.#write(EVT_MESSAGE, 0, slot, kind, bytes.length, bytes)) return;
    this.#enqueue({ type: EVT_MESSAGE, flags: 0, slot, word2: kind, word3: bytes.length, body: Buffer.from(bytes) });
  }

  close(slot: number, reason: number, detail: number): void {
    this.#put({ type: EVT_CLOSE, flags: 0, slot, word2: reason, word3: detail, body: undefined });
  }

  /** Moves what waits into the ring, as far as there is room; returns how many records moved. */
  flush(): number {
    let moved = 0;
    while (moved < this.#queue.length) {
      const { type, flags, slot, word2, word3, body } = this.#queue[moved];
      if (!this.#write(type, flags, slot, word2, word3, body)) break;
      this.#account(slot, -sizeOf(body));
      moved++;
    }
    if (moved > 0) this.#queue.splice(0, moved);
    return moved;
  }

  #put(record: Queued): void {
    const { type, flags, slot, word2, word3, body } = record;
    if (this.#queue.length > 0 || !this.#write(type, flags, slot, word2, word3, body)) this.#enqueue(record);
  }

  #enqueue(record: Queued): void {
    this.#queue.push(record);
    this.#account(record.slot, sizeOf(record.body));
  }

  #account(slot: number, bytes: number): void {
    const total = (this.#bytesOf.get(slot) ?? 0) + bytes;
    if (total > 0) this.#bytesOf.set(slot, total);
    else this.#bytesOf.delete(slot);
    this.#queuedBytes += bytes;
  }

  #write(
    type: number,
    flags: number,
    slot: number,
    word2: number,
    word3: number,
    body: Uint8Array | SharedArrayBuffer | undefined,
  ): boolean {
    const inline = body instanceof Uint8Array ? body.length : 0;
    const at = this.#ring.claim(type, flags, EVT_HEAD_BYTES + inline);
    if (at < 0) return false;
    const word = at >> 2;
    this.#ring.words[word] = slot;
    this.#ring.words[word + 1] = 0;
    this.#ring.words[word + EVT_WORD_A] = word2;
    this.#ring.words[word + EVT_WORD_B] = word3;
    if (body instanceof Uint8Array) this.#ring.bytes.set(body, at + EVT_HEAD_BYTES);
    else if (body !== undefined) this.#port.postMessage(body);
    this.#ring.commit();
    if (body !== undefined && !(body instanceof Uint8Array)) this.#window.add(this.#ring.position, body.byteLength);
    return true;
  }
}

/** Record overhead counts too: many empty messages must not be free. */
function sizeOf(body: Uint8Array | SharedArrayBuffer | undefined): number {
  return 64 + (body?.byteLength ?? 0);
}
