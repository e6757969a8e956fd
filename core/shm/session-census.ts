/**
 * Keeps the number of sessions on all I/O threads together within its limit, exactly and without a lock. Each I/O thread
 * attaches one; it counts what opens, the counters' owner what closes.
 *
 * A thread says "opening" before it counts, so of two that open at the same time at least one sees the other: the limit
 * is never passed, though both may be refused at its edge.
 */
import { type Control, counterIndex } from './control.ts';
import { countersOffset, FIRST_IO_THREAD, openingOffset } from './layout.ts';

const OPENED = counterIndex('sessionsOpened');
const CLOSED = counterIndex('sessionsClosed');

export class SessionCensus {
  readonly #words: Int32Array;
  readonly #ioThreads: number;
  readonly #limit: number;
  readonly #ownOpening: number;
  readonly #ownOpened: number;

  constructor({ words }: Control, ioThread: number, ioThreads: number, limit: number) {
    const thread = FIRST_IO_THREAD + ioThread;
    this.#words = words;
    this.#ioThreads = ioThreads;
    this.#limit = limit;
    this.#ownOpening = openingOffset(thread) >> 2;
    this.#ownOpened = counterWord(thread, OPENED);
  }

  /** Counts one more session of this thread; false when there are as many as there may be. */
  open(): boolean {
    Atomics.store(this.#words, this.#ownOpening, 1); // to the threads that open one now
    const fits = this.#count() <= this.#limit;
    if (fits) Atomics.add(this.#words, this.#ownOpened, 1); // before "opening" ends: seen twice is seen enough
    Atomics.store(this.#words, this.#ownOpening, 0); // to the threads that open one now
    return fits;
  }

  /** Never too few: what lowers the sum is read before what raises it. */
  #count(): number {
    let sum = 0;
    for (let t = 0; t < this.#ioThreads; t++)
      sum -= Atomics.load(this.#words, counterWord(FIRST_IO_THREAD + t, CLOSED)); // that thread's closes
    for (let t = 0; t < this.#ioThreads; t++) sum += Atomics.load(this.#words, openingOffset(FIRST_IO_THREAD + t) >> 2); // 1 while it opens one
    for (let t = 0; t < this.#ioThreads; t++)
      sum += Atomics.load(this.#words, counterWord(FIRST_IO_THREAD + t, OPENED)); // that thread's opens
    return sum | 0; // counters wrap
  }
}

const counterWord = (thread: number, counter: number): number => (countersOffset(thread) >> 2) + counter;
