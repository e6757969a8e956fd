/**
 * Acknowledgements a socket waits for, by packet id. App thread.
 * An entry is settled at most once; answers to ids that are not in the table are ignored.
 */
import { reportUncaught } from './user-code.ts';

/** One outstanding acknowledgement. @internal */
export interface PendingAck {
  answered(args: unknown[]): void;
  /** The socket is gone and will never answer. */
  lost?(): void;
}

/** What time-outs report; the message is the one Socket.IO clients and servers use. */
export function timeoutError(): Error {
  return new Error('operation has timed out');
}

/**
 * What `socket.acks` gives: as a Map of callbacks by packet id, for adapters that keep their own account of answers.
 * @since Socket.IO 2
 */
export class AckTable {
  readonly #pending = new Map<number, PendingAck>();

  /** How many it waits for. @since Socket.IO 2 */
  get size(): number {
    return this.#pending.size;
  }

  /** @internal */
  add(id: number, ack: PendingAck): void {
    this.#pending.set(id, ack);
  }

  /** Registers a callback. @param id of the packet @param callback gets the answer @since Socket.IO 2 */
  set(id: number, callback: (...args: any[]) => void): this {
    this.#pending.set(id, { answered: (args) => callback(...args) });
    return this;
  }

  /**
   * Registers a callback that gets an error first, after `ms` without an answer or with the answer behind `null`.
   *
   * @internal
   */
  addTimed(id: number, ms: number, callback: (...args: any[]) => void): void {
    const timer = setTimeout(() => {
      this.#pending.delete(id);
      callback(timeoutError());
    }, ms);
    this.#pending.set(id, {
      answered: (args) => {
        clearTimeout(timer);
        callback(null, ...args);
      },
    });
  }

  /** Whether an answer is waited for. @param id of the packet @since Socket.IO 2 */
  has(id: number): boolean {
    return this.#pending.has(id);
  }

  /** Waits no more. @param id of the packet @returns whether it did @since Socket.IO 2 */
  delete(id: number): boolean {
    return this.#pending.delete(id);
  }

  /** @internal */
  settle(id: number, args: unknown[]): void {
    const ack = this.#pending.get(id);
    if (ack === undefined) return;
    this.#pending.delete(id);
    try {
      ack.answered(args);
    } catch (error) {
      reportUncaught(error);
    }
  }

  /** The socket is gone: time-outs still run, callbacks without one are dropped. @internal */
  loseAll(): void {
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const ack of lost) {
      try {
        ack.lost?.();
      } catch (error) {
        reportUncaught(error);
      }
    }
  }
}
