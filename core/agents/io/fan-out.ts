/**
 * Writes to the clients of the send queue: to each everything it is due, inside one cork, in log order. A syscall per
 * client and turn in the queue instead of one per message is where the speed comes from. I/O thread, from the pump only:
 * inside another socket's handler the cork is taken and every send would be a syscall.
 *
 * hot: no allocation, closure or promise per recipient; bench/load guards it.
 */
import { FLAG_COMPRESS, FLAG_VOLATILE } from '../link.ts';
import type { PollingTransport } from './polling-transport.ts';
import type { SendQueue } from './send-queue.ts';
import { type SessionTable, VARIANT_EIO4_BASE64 } from './session-table.ts';
import type { WebSocketHandle } from './web-socket-handle.ts';

export class FanOut {
  readonly #queue: SendQueue;
  readonly #sessions: SessionTable;
  /** A client with more than its limit waiting; called outside the cork. */
  readonly #onSlow: (local: number) => void;
  readonly #limitOf: (local: number) => number;

  // The recipient being written, as fields: the cork's callback takes no arguments.
  #socket: WebSocketHandle | undefined;
  #local = 0;
  #buffered = 0;
  readonly #write = (): void => this.#writeAll();

  deliveries = 0;
  dropped = 0;

  constructor(
    queue: SendQueue,
    sessions: SessionTable,
    limitOf: (local: number) => number,
    onSlow: (local: number) => void,
  ) {
    this.#queue = queue;
    this.#sessions = sessions;
    this.#limitOf = limitOf;
    this.#onSlow = onSlow;
  }

  /** Writes to this many clients of the queue, as far as it has them. */
  run(clients: number): void {
    const queue = this.#queue;
    for (let n = 0; n < clients && !queue.isEmpty; n++) {
      this.#deliver(queue.firstClient);
      queue.shift();
    }
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
    if (this.#queue.isLone(local)) this.#writeAll();
    else socket.cork(this.#write);
  }

  /** A session that polls, or is moving: what it is due waits in its queue, or leaves at once with the poll it holds. */
  #enqueue(local: number, poll: PollingTransport): void {
    const queue = this.#queue;
    const { frames } = queue;
    if (poll.queuedBytes > this.#limitOf(local)) {
      this.#onSlow(local);
      return;
    }
    const takesVolatile = poll.held && poll.queuedBytes === 0;
    for (let entry = queue.firstEntry(local); entry >= 0; entry = queue.nextEntry(entry)) {
      const end = queue.endRecord(entry);
      for (let record = queue.firstRecord(entry); record !== end; record = queue.nextRecord(record)) {
        const flags = queue.flags[record];
        if (!takesVolatile && (flags & FLAG_VOLATILE) !== 0) {
          this.dropped++;
          continue;
        }
        const compress = (flags & FLAG_COMPRESS) !== 0;
        const endFrame = queue.endFrame[record];
        for (let frame = queue.firstFrame[record]; frame !== endFrame; frame = frames.after(frame)) {
          poll.enqueue(frames.copy(frame, compress));
        }
        this.deliveries++;
      }
    }
    poll.flush();
  }

  #writeAll(): void {
    const queue = this.#queue;
    const { frames } = queue;
    const socket = this.#socket as WebSocketHandle;
    const variant = this.#sessions.variants[this.#local];
    const compressFrom = this.#sessions.compressFrom[this.#local];
    for (let entry = queue.firstEntry(this.#local); entry >= 0; entry = queue.nextEntry(entry)) {
      const end = queue.endRecord(entry);
      for (let record = queue.firstRecord(entry); record !== end; record = queue.nextRecord(record)) {
        const flags = queue.flags[record];
        // Volatile is all frames or none, decided before the first: what waits is bytes the client has not taken.
        if (this.#buffered > 0 && (flags & FLAG_VOLATILE) !== 0) {
          this.dropped++;
          continue;
        }
        const compress = (flags & FLAG_COMPRESS) !== 0;
        const endFrame = queue.endFrame[record];
        for (let frame = queue.firstFrame[record]; frame !== endFrame; frame = frames.after(frame)) {
          const view = frames.view(variant, frame);
          socket.send(
            view,
            variant < VARIANT_EIO4_BASE64 && frames.isBinary(frame),
            compress && view.length >= compressFrom,
          );
        }
        this.deliveries++;
      }
    }
  }
}
