/**
 * Notices a thread that no longer turns its loop. Such a thread cannot be ended (its open apps would abort the process)
 * nor replaced, so it is declared fatal. App thread; a busy app thread only looks later, it accuses nobody.
 */
import { EngineError } from '../errors.ts';
import { type Control, STATE_CLOSED, STATE_RUNNING } from '../shm/control.ts';
import { COORDINATOR_THREAD, threadName } from '../shm/layout.ts';

/** Every loop turns at least once a second. */
const LOOK_MS = 2000;
/** So many looks in a row without a turn. */
const LOOKS = 5;

export class Watchdog {
  readonly #control: Control;
  readonly #threads: readonly number[];
  readonly #beats: Int32Array;
  readonly #still: Int32Array;
  readonly #onHung: (error: EngineError) => void;
  readonly #timer: NodeJS.Timeout;

  constructor(control: Control, ioThreads: number, onHung: (error: EngineError) => void) {
    this.#control = control;
    this.#threads = Array.from({ length: ioThreads + 2 }, (_, i) => COORDINATOR_THREAD + i);
    this.#beats = new Int32Array(this.#threads.length);
    this.#still = new Int32Array(this.#threads.length);
    this.#onHung = onHung;
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** One look at all threads. */
  look(): void {
    for (const [i, thread] of this.#threads.entries()) {
      const beats = this.#control.beats(thread);
      const moved = beats !== this.#beats[i] || this.#control.state(thread) !== STATE_RUNNING;
      this.#beats[i] = beats;
      this.#still[i] = moved ? 0 : this.#still[i] + 1;
      if (this.#still[i] !== LOOKS || this.#control.state(thread) === STATE_CLOSED) continue;
      this.stop();
      const seconds = (LOOKS * LOOK_MS) / 1000;
      const message = `${threadName(thread)} has not turned its loop for ${seconds} s, expected every second`;
      this.#onHung(new EngineError('ERR_THREAD_HUNG', message));
    }
  }
}
