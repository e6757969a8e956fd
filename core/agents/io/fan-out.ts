/**
 * Writes a batch to its recipients: each client once, all frames it is due inside one cork, in log order. A syscall per
 * client and batch instead of one per message is where the speed comes from. I/O thread, from the pump only: inside
 * another socket's handler the cork is taken and every send would be a syscall.
 *
 * hot: no allocation, closure or promise per recipient; bench/load guards it.
 */
import { FLAG_COMPRESS, FLAG_VOLATILE } from '../link.ts';
import type { Batch } from './batch.ts';
import type { PollingTransport } from './polling-transport.ts';
import type { SessionTable } from './session-table.ts';
import type { WebSocketHandle } from './web-socket-handle.ts';

/** The clock is read once per this many recipients. */
const RECIPIENTS_PER_CLOCK = 32;
/** Step of the starting recipient from batch to batch, so that nobody is always last. */
const ROTATION = 61;

export interface FanOutCounters {
  deliveries: number;
  dropped: number;
}

export class FanOut {
  readonly #batch: Batch;
  readonly #sessions: SessionTable;
  readonly #now: () => number;
  /** A client with more than its limit waiting; called outside the cork. */
  readonly #onSlow: (local: number) => void;
  readonly #limitOf: (local: number) => number;

  #start = 0;
  #done = 0;
  // The recipient being written, as fields: the cork's callback takes no arguments.
  #socket: WebSocketHandle | undefined;
  #local = 0;
  #buffered = 0;
  readonly #write = (): void => this.#writeAll();

  deliveries = 0;
  dropped = 0;

  /** @param now milliseconds, monotonic */
  constructor(
    batch: Batch,
    sessions: SessionTable,
    now: () => number,
    limitOf: (local: number) => number,
    onSlow: (local: number) => void,
  ) {
    this.#batch = batch;
    this.#sessions = sessions;
    this.#now = now;
    this.#limitOf = limitOf;
    this.#onSlow = onSlow;
  }

  /** Goes on with the sealed batch until it is done (true) or the clock passes `deadline` (false). */
  run(deadline: number): boolean {
    const recipients = this.#batch.recipients;
    const count = this.#batch.recipientCount;
    while (this.#done < count) {
      let i = this.#start + this.#done;
      if (i >= count) i -= count;
      this.#deliver(recipients[i]);
      this.#done++;
      if (this.#done % RECIPIENTS_PER_CLOCK === 0 && this.#done < count && this.#now() > deadline) return false;
    }
    this.#done = 0;
    this.#start = count > 0 ? (this.#start + ROTATION) % count : 0;
    return true;
  }

  /** The starting point must lie within the next batch. */
  begin(): void {
    if (this.#start >= this.#batch.recipientCount) this.#start = 0;
  }

  #deliver(local: number): void {
    const socket = this.#sessions.sockets[local];
    if (socket === undefined) {
      const poll = this.#sessions.polls[local];
      if (poll !== undefined) this.#enqueue(local, poll); // else closed since the record was written
      return;
    }
    const buffered = socket.getBufferedAmount();
    if (buffered > 0 && buffered > this.#limitOf(local)) {
      this.#onSlow(local);
      return;
    }
    this.#socket = socket;
    this.#local = local;
    this.#buffered = buffered;
    // A lone frame is one syscall either way, and a cork costs a call into native code and back.
    if (this.#batch.isLone(local)) this.#writeAll();
    else socket.cork(this.#write);
  }

  /** A session that polls, or is moving: what it is due waits in its queue, or leaves at once with the poll it holds. */
  #enqueue(local: number, poll: PollingTransport): void {
    const batch = this.#batch;
    if (poll.queuedBytes > this.#limitOf(local)) {
      this.#onSlow(local);
      return;
    }
    const takesVolatile = poll.held && poll.queuedBytes === 0;
    for (let entry = batch.firstEntry(local); entry >= 0; entry = batch.nextEntry(entry)) {
      const run = batch.runOf(entry);
      for (let record = batch.runRecord[run]; record < batch.runRecord[run + 1]; record++) {
        const flags = batch.recordFlags[record];
        if (!takesVolatile && (flags & FLAG_VOLATILE) !== 0) {
          this.dropped++;
          continue;
        }
        const compress = (flags & FLAG_COMPRESS) !== 0;
        for (let frame = batch.frameStart[record]; frame < batch.frameStart[record + 1]; frame++) {
          poll.enqueue(batch.copy(frame, compress));
        }
        this.deliveries++;
      }
    }
    poll.flush();
  }

  #writeAll(): void {
    const batch = this.#batch;
    const socket = this.#socket as WebSocketHandle;
    const variant = this.#sessions.variants[this.#local];
    const compressFrom = this.#sessions.compressFrom[this.#local];
    const flags = batch.recordFlags;
    for (let entry = batch.firstEntry(this.#local); entry >= 0; entry = batch.nextEntry(entry)) {
      const run = batch.runOf(entry);
      const end = batch.runRecord[run + 1];
      for (let record = batch.runRecord[run]; record < end; record++) {
        // Volatile is all frames or none, decided before the first: what waits is bytes the client has not taken.
        if (this.#buffered > 0 && (flags[record] & FLAG_VOLATILE) !== 0) {
          this.dropped++;
          continue;
        }
        const compress = (flags[record] & FLAG_COMPRESS) !== 0;
        const lastFrame = batch.frameStart[record + 1];
        for (let frame = batch.frameStart[record]; frame < lastFrame; frame++) {
          const view = batch.view(variant, frame);
          socket.send(view, batch.binary[frame] && variant < 2, compress && view.length >= compressFrom);
        }
        this.deliveries++;
      }
    }
  }
}
