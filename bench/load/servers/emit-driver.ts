/**
 * Emits numbered, stamped texts as fast as the in-flight bound allows. App thread of a server under test; the same
 * for every server. It sleeps while the bound is reached: spinning would take CPU from the server's other threads.
 */
import { monotonicMicros } from '../clock.ts';
import { Histogram } from '../histogram.ts';
import type { Drive, Emitted, Goal } from '../messages.ts';
import { PayloadWriter } from '../payload.ts';

export class EmitDriver {
  readonly #emit: (text: string) => void;
  /** Nanoseconds per emit call. */
  readonly #emitTimes = new Histogram();
  /** Last sequence number emitted; goes on over drives, as the clients' counting does. */
  #last = 0;
  #seen = 0;
  #wake: (() => void) | undefined;
  #heldMicros = 0;

  constructor(emit: (text: string) => void) {
    this.#emit = emit;
  }

  /** The slowest client has seen `slowest`. */
  progress(slowest: number): void {
    this.#seen = slowest;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Emits until both parts of `goal` are reached. */
  run(drive: Drive, goal: Goal, payloadBytes: number): Promise<Emitted> {
    const writer = new PayloadWriter(payloadBytes);
    const before = this.#last;
    const firstEmitMicros = monotonicMicros();
    this.#emitTimes.reset();
    this.#heldMicros = 0;

    return new Promise((resolve) => {
      const turn = (): void => {
        const room = this.#seen + drive.window - this.#last;
        if (room <= 0) {
          this.#sleep(turn);
          return;
        }
        for (let left = Math.min(drive.perTurn, room); left > 0; left--) this.#emitOne(writer);
        const messages = this.#last - before;
        if (messages < goal.messages || monotonicMicros() - firstEmitMicros < goal.millis * 1e3) {
          setImmediate(turn);
          return;
        }
        resolve({
          last: this.#last,
          messages,
          firstEmitMicros,
          heldMicros: this.#heldMicros,
          emitMeanMicros: this.#emitTimes.mean / 1e3,
          emitMedianMicros: this.#emitTimes.quantile(0.5) / 1e3,
        });
      };
      setImmediate(turn);
    });
  }

  #sleep(turn: () => void): void {
    const sinceMicros = monotonicMicros();
    this.#wake = () => {
      this.#heldMicros += monotonicMicros() - sinceMicros;
      turn();
    };
  }

  #emitOne(writer: PayloadWriter): void {
    const stampMicros = monotonicMicros();
    const text = writer.text(++this.#last, stampMicros);
    const startMillis = performance.now();
    this.#emit(text);
    this.#emitTimes.record((performance.now() - startMillis) * 1e6);
  }
}
