/**
 * Payloads too large for a record: each in a SharedArrayBuffer of its own, posted beside a ring or the log before the
 * record that names it is published, and taken by whoever reads that record. Order is the record's order.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

/** A region for this many bytes, rounded up to whole words. */
export function createRegion(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer((bytes + 3) & ~3);
}

/** @throws Error when the record came without its region: the two ends disagree, which no caller can mend. */
export function takeRegion(port: MessagePort): SharedArrayBuffer {
  const received = receiveMessageOnPort(port);
  if (received === undefined) throw new Error('a record names a region that was not posted');
  return received.message as SharedArrayBuffer;
}

/**
 * Counts the bytes posted beside a ring until its consumer has freed the records that name them, so that small records
 * of large payloads do not pile up memory. Producer only.
 */
export class RegionWindow {
  readonly #entries: { position: number; bytes: number }[] = [];
  #bytes = 0;

  /** Bytes posted and not yet freed, as of the last `retire`. */
  get bytes(): number {
    return this.#bytes;
  }

  add(position: number, bytes: number): void {
    this.#entries.push({ position, bytes });
    this.#bytes += bytes;
  }

  /** Forgets what the consumer has freed, in order. */
  retire(freed: number): void {
    while (this.#entries.length > 0 && ((this.#entries[0].position - freed) | 0) <= 0) {
      this.#bytes -= (this.#entries.shift() as { bytes: number }).bytes;
    }
  }
}
