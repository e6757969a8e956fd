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

/** `send` returns this when the kernel has taken everything. */
const SENT = 1;

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
    const { drained } = this.#sessions;
    const buffered = drained[local] === 1 ? 0 : socket.getBufferedAmount();
    if (buffered > 0 && buffered > this.#limitOf(local)) {
      this.#onSlow(local);
      return;
    }
    const record = this.#queue.loneRecord(local);
    if (record >= 0) {
      this.#writeLone(socket, local, record, buffered);
      return;
    }
    drained[local] = 0; // no `send` in a cork can say
    this.#socket = socket;
    this.#local = local;
    this.#buffered = buffered;
    socket.cork(this.#write);
  }

  /** A lone frame is one syscall either way, and a cork costs a call into native code and back. */
  #writeLone(socket: WebSocketHandle, local: number, record: number, buffered: number): void {
    const { flags, firstFrame } = this.#queue;
    if (buffered > 0 && (flags[record] & FLAG_VOLATILE) !== 0) {
      this.dropped++;
      return;
    }
    const compress = (flags[record] & FLAG_COMPRESS) !== 0;
    this.#sessions.drained[local] = this.#sendFrame(socket, local, firstFrame[record], compress) === SENT ? 1 : 0;
    this.deliveries++;
  }

  /** Returns what `send` says. */
  #sendFrame(socket: WebSocketHandle, local: number, frame: number, compress: boolean): number {
    const { variants, compressFrom } = this.#sessions;
    const { frames } = this.#queue;
    const variant = variants[local];
    const view = frames.view(variant, frame);
    const isBinary = variant < VARIANT_EIO4_BASE64 && frames.isBinary(frame);
    return socket.send(view, isBinary, compress && view.length >= compressFrom[local]);
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
    const local = this.#local;
    for (let entry = queue.firstEntry(local); entry >= 0; entry = queue.nextEntry(entry)) {
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
          this.#sendFrame(socket, local, frame, compress);
        }
        this.deliveries++;
      }
    }
  }
}
