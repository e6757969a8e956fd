/**
 * An I/O thread's end of its inbox: records in order, on the heap while the ring is full, within one byte budget.
 * Never waits; when the budget is used up the caller closes whoever uses most of it.
 */
import type { MessagePort } from 'node:worker_threads';
import { counterIndex } from '../../shm/control.ts';
import { RegionWindow } from '../../shm/region-port.ts';
import type { SpscRing } from '../../shm/spsc-ring.ts';
import { regionOf } from '../event-writer.ts';
import {
  EVT_CLOSE,
  EVT_HEAD_BYTES,
  EVT_MESSAGE,
  EVT_OPEN,
  EVT_UPGRADE,
  EVT_WORD_A,
  EVT_WORD_B,
  FLAG_LARGE,
  LARGE_PAYLOAD_BYTES,
} from '../records.ts';

const SESSIONS_CLOSED = counterIndex('sessionsClosed');
const MESSAGES_IN = counterIndex('messagesIn');

/** Bytes that may wait on the heap for the coordinator, per I/O thread; twice the largest message, if that is more. */
export const MAX_QUEUED_BYTES = 32 * 1024 * 1024;

/** Of large payloads, so much may be posted ahead of the coordinator; what comes behind waits on the heap, by its user. */
export const MAX_POSTED_BYTES = MAX_QUEUED_BYTES / 2;

interface Queued {
  /** Counts the records that went over the heap. */
  readonly sequence: number;
  readonly type: number;
  readonly flags: number;
  readonly slot: number;
  readonly serial: number;
  readonly word2: number;
  readonly word3: number;
  readonly body: Uint8Array | SharedArrayBuffer | undefined;
}

type Unqueued = Omit<Queued, 'sequence'>;

export class InboxWriter {
  readonly #counters: Int32Array;
  readonly #ring: SpscRing;
  readonly #port: MessagePort;
  readonly #window = new RegionWindow();
  #queue: Queued[] = [];
  readonly #waiters: { readonly sequence: number; readonly callback: () => void }[] = [];
  #sequence = 0;
  #sealed = false;
  /** Bytes of messages on the heap, by slot. */
  readonly #bytesOf = new Map<number, number>();
  #queuedBytes = 0;

  /** @param counters of this thread, as in the control region */
  constructor(ring: SpscRing, port: MessagePort, counters: Int32Array) {
    this.#counters = counters;
    this.#ring = ring;
    this.#port = port;
  }

  /** Nothing is written any more, and who waits for a record to be committed waits for ever. */
  seal(): void {
    this.#sealed = true;
    this.#queue = [];
    this.#waiters.length = 0;
    this.#bytesOf.clear();
    this.#queuedBytes = 0;
  }

  /** Bytes that wait outside the ring, large payloads that were posted and not yet taken included. */
  get queuedBytes(): number {
    if (this.#window.bytes > 0) this.#window.retire(this.#ring.freed);
    return this.#queuedBytes + this.#window.bytes;
  }

  /** Those of them that wait on the heap. */
  get heapBytes(): number {
    return this.#queuedBytes;
  }

  /** The coordinator has taken everything in the ring. */
  get isRead(): boolean {
    return this.#ring.usedBytes === 0;
  }

  get isQueueEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** The slot with most bytes of messages on the heap, -1 when none waits there. */
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

  /** `request` is only valid during the call. */
  open(slot: number, serial: number, server: number, sid: string, request: Uint8Array): void {
    if (this.#sealed) return;
    if (this.#queue.length === 0 && this.#write(EVT_OPEN, 0, slot, serial, server, sid.length, request, sid)) return;
    const body = Buffer.concat([Buffer.from(sid, 'latin1'), request]);
    this.#enqueue({ type: EVT_OPEN, flags: 0, slot, serial, word2: server, word3: sid.length, body });
  }

  /** A message of a client. `bytes` is only valid during the call. */
  message(slot: number, kind: number, bytes: Uint8Array): void {
    if (this.#sealed) return;
    this.#counters[MESSAGES_IN]++;
    if (bytes.length >= LARGE_PAYLOAD_BYTES) {
      const body = regionOf(bytes);
      this.#put({ type: EVT_MESSAGE, flags: FLAG_LARGE, slot, serial: 0, word2: kind, word3: bytes.length, body });
      return;
    }
    if (this.#queue.length === 0 && this.#write(EVT_MESSAGE, 0, slot, 0, kind, bytes.length, bytes)) return;
    const body = Buffer.from(bytes);
    this.#enqueue({ type: EVT_MESSAGE, flags: 0, slot, serial: 0, word2: kind, word3: bytes.length, body });
  }

  close(slot: number, reason: number, detail: number): void {
    if (this.#sealed) return;
    this.#counters[SESSIONS_CLOSED]++;
    this.#put({ type: EVT_CLOSE, flags: 0, slot, serial: 0, word2: reason, word3: detail, body: undefined });
  }

  /** The client of a session that polls has switched to the WebSocket on `slot`. */
  upgrade(slot: number, oldSlot: number, serial: number): void {
    if (this.#sealed) return;
    this.#put({ type: EVT_UPGRADE, flags: 0, slot, serial: 0, word2: oldSlot, word3: serial, body: undefined });
  }

  /** Calls back once everything put so far is in the ring: at once, or from a later `flush`. */
  whenCommitted(callback: () => void): void {
    if (this.#sealed) return;
    if (this.#queue.length === 0) callback();
    else this.#waiters.push({ sequence: this.#sequence, callback });
  }

  /**
   * Drops the messages of a slot that wait on the heap; its open and close stay, for others count on them. End the session
   * first: whoever waits for the messages is called back and must find it ended.
   */
  dropMessages(slot: number): void {
    this.#queue = this.#queue.filter((record) => {
      const dropped = record.slot === slot && record.type === EVT_MESSAGE;
      if (dropped) this.#queuedBytes -= sizeOf(record.body);
      return !dropped;
    });
    this.#bytesOf.delete(slot);
    this.#settle();
  }

  /** Moves what waits into the ring, as far as there is room; returns how many records moved. */
  flush(): number {
    let moved = 0;
    while (moved < this.#queue.length) {
      const { type, flags, slot, serial, word2, word3, body } = this.#queue[moved];
      if (!this.#write(type, flags, slot, serial, word2, word3, body)) break;
      this.#account(type, slot, -sizeOf(body));
      moved++;
    }
    if (moved > 0) this.#queue.splice(0, moved);
    this.#settle();
    return moved;
  }

  /** Calls those back whose records have all left the heap. */
  #settle(): void {
    const first = this.#queue[0]?.sequence ?? Number.POSITIVE_INFINITY;
    while (this.#waiters.length > 0 && this.#waiters[0].sequence < first) this.#waiters.shift()?.callback();
  }

  #put(record: Unqueued): void {
    const { type, flags, slot, serial, word2, word3, body } = record;
    if (this.#queue.length > 0 || !this.#write(type, flags, slot, serial, word2, word3, body)) this.#enqueue(record);
  }

  #enqueue(record: Unqueued): void {
    this.#sequence++;
    this.#queue.push({ ...record, sequence: this.#sequence });
    this.#account(record.type, record.slot, sizeOf(record.body));
  }

  #account(type: number, slot: number, bytes: number): void {
    this.#queuedBytes += bytes;
    if (type !== EVT_MESSAGE) return;
    const total = (this.#bytesOf.get(slot) ?? 0) + bytes;
    if (total > 0) this.#bytesOf.set(slot, total);
    else this.#bytesOf.delete(slot);
  }

  /** @param front goes before the body: characters of one byte */
  #write(
    type: number,
    flags: number,
    slot: number,
    serial: number,
    word2: number,
    word3: number,
    body: Uint8Array | SharedArrayBuffer | undefined,
    front = '',
  ): boolean {
    const inline = front.length + (body instanceof Uint8Array ? body.length : 0);
    const isRegion = body !== undefined && !(body instanceof Uint8Array);
    if (isRegion && !this.#mayPost(body.byteLength)) return false;
    const at = this.#ring.claim(type, flags, EVT_HEAD_BYTES + inline);
    if (at < 0) return false;
    const word = at >> 2;
    this.#ring.words[word] = slot;
    this.#ring.words[word + 1] = serial;
    this.#ring.words[word + EVT_WORD_A] = word2;
    this.#ring.words[word + EVT_WORD_B] = word3;
    const start = at + EVT_HEAD_BYTES;
    for (let i = 0; i < front.length; i++) this.#ring.bytes[start + i] = front.charCodeAt(i);
    if (body instanceof Uint8Array) this.#ring.bytes.set(body, start + front.length);
    else if (body !== undefined) this.#port.postMessage(body);
    this.#ring.commit();
    if (isRegion) this.#window.add(this.#ring.position, body.byteLength);
    return true;
  }

  /** One region always may, however large, or it could never be delivered. */
  #mayPost(bytes: number): boolean {
    if (this.#window.bytes === 0 || this.#window.bytes + bytes <= MAX_POSTED_BYTES) return true;
    this.#window.retire(this.#ring.freed);
    return this.#window.bytes === 0 || this.#window.bytes + bytes <= MAX_POSTED_BYTES;
  }
}

/** Record overhead counts too: many empty messages must not be free. */
function sizeOf(body: Uint8Array | SharedArrayBuffer | undefined): number {
  return 64 + (body?.byteLength ?? 0);
}
