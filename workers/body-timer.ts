/**
 * The time that the body of a post has: `limitMs` for each stretch of it. I/O thread. uWebSockets.js has a time-out of its
 * own, 10 s for the first 160 KiB and for each further, which drops the connection without an answer: it must be put off.
 */

/** A body that does not grow by this much in its time is late: less would let one byte now and then keep it open. */
const STRETCH_BYTES = 16 * 1024;
/** Well within the time-out of uWebSockets.js. */
const PUT_OFF_MS = 4000;

export class BodyTimer {
  readonly #limitMs: number;
  readonly #putOff: () => void;
  readonly #expire: () => void;
  #deadline: number;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param limitMs milliseconds for each stretch
   * @param putOff called again and again until the end: begins the time-out of uWebSockets.js anew
   * @param expire called once when a stretch took too long
   */
  constructor(limitMs: number, putOff: () => void, expire: () => void) {
    this.#limitMs = limitMs;
    this.#putOff = putOff;
    this.#expire = expire;
    this.#deadline = performance.now() + limitMs;
    this.#wait(limitMs);
  }

  /** So much more of it has come. */
  progress(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < STRETCH_BYTES) return;
    this.#bytes = 0;
    this.#deadline = performance.now() + this.#limitMs;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(leftMs: number): void {
    this.#timer = setTimeout(() => this.#look(), Math.min(leftMs, PUT_OFF_MS));
  }

  #look(): void {
    const leftMs = this.#deadline - performance.now();
    if (leftMs <= 0) {
      this.#expire();
      return;
    }
    this.#putOff();
    this.#wait(leftMs);
  }
}
