/**
 * Emits numbered, stamped events to the groups of an audience: as fast as the in-flight bound allows, or at a pace.
 * App thread of a server under test; the same for every server. It sleeps while it may not emit: spinning would take CPU
 * from the server's other threads.
 */
import type { Address, Audience } from '../audience.ts';
import { monotonicMicros } from '../clock.ts';
import { Histogram } from '../histogram.ts';
import type { Drive, Emitted, Goal, PacedDrive, SaturatingDrive, Workload } from '../messages.ts';
import { type EventPayload, EventWriter } from '../payload.ts';

/** A room no audience has. */
const NOBODY: Address = { to: ['nobody'], except: [] };
/** Emits to nobody per turn of the event loop. */
const HEAT_PER_TURN = 50;

export class EmitDriver {
  readonly #emit: (event: EventPayload, address: Address) => void;
  readonly #audience: Audience;
  readonly #writer: EventWriter;
  /** Nanoseconds per emit call. */
  readonly #emitTimes = new Histogram();
  /** Sequence numbers; they go on over drives, as the clients' counting does. */
  readonly #counts: number[];
  #emits = 0;
  /** Deliveries asked for, and those done. */
  #due = 0;
  #seen = 0;
  #wake: (() => void) | undefined;
  #heldMicros = 0;

  constructor(workload: Workload, audience: Audience, emit: (event: EventPayload, address: Address) => void) {
    this.#emit = emit;
    this.#audience = audience;
    this.#writer = new EventWriter(workload.form, workload.payloadBytes);
    this.#counts = new Array<number>(audience.groups).fill(0);
  }

  progress(seen: number): void {
    this.#seen = seen;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Emits to nobody: by then the code is compiled, and no client knows. */
  async heat(emits: number): Promise<void> {
    for (let done = 0; done < emits; done++) {
      this.#emit(this.#writer.event(0, monotonicMicros(), 0, 0), NOBODY);
      if (done % HEAT_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Emits until both parts of `goal` are reached. */
  async run(drive: Drive, goal: Goal): Promise<Emitted> {
    const emitsBefore = this.#emits;
    const dueBefore = this.#due;
    const firstEmitMicros = monotonicMicros();
    this.#emitTimes.reset();
    this.#heldMicros = 0;
    const reached = (): boolean =>
      this.#emits - emitsBefore >= goal.messages && monotonicMicros() - firstEmitMicros >= goal.millis * 1e3;
    await (drive.kind === 'saturate' ? this.#saturate(drive, reached) : this.#pace(drive, reached));
    return {
      counts: this.#counts,
      messages: this.#emits - emitsBefore,
      deliveries: this.#due - dueBefore,
      firstEmitMicros,
      lastEmitMicros: monotonicMicros(),
      heldMicros: this.#heldMicros,
      emitMeanMicros: this.#emitTimes.mean / 1e3,
      emitMedianMicros: this.#emitTimes.quantile(0.5) / 1e3,
    };
  }

  #saturate(drive: SaturatingDrive, reached: () => boolean): Promise<void> {
    const mean = this.#audience.meanSize;
    const bound = drive.window * mean;
    return new Promise((resolve) => {
      const turn = (): void => {
        const room = Math.floor((this.#seen + bound - this.#due) / mean + 1e-6);
        if (room <= 0) {
          this.#sleep(turn);
          return;
        }
        for (let left = Math.min(drive.perTurn, room); left > 0; left--) this.#emitOne(monotonicMicros());
        if (reached()) resolve();
        else setImmediate(turn);
      };
      setImmediate(turn);
    });
  }

  /**
   * Ticks that a busy loop has missed are made up for at once, in order. Stamped with the time they were due at: a server
   * that keeps its own app thread from emitting in time makes its clients wait all the same.
   */
  #pace(drive: PacedDrive, reached: () => boolean): Promise<void> {
    const startMicros = monotonicMicros();
    const tickMicros = 1e6 / drive.ticksPerSecond;
    let ticks = 0;
    return new Promise((resolve) => {
      const turn = (): void => {
        for (;;) {
          const dueMicros = startMicros + ticks * tickMicros;
          if (dueMicros > monotonicMicros()) break;
          for (let left = drive.burst; left > 0; left--) this.#emitOne(dueMicros);
          ticks++;
          if (reached()) {
            resolve();
            return;
          }
        }
        setTimeout(turn, (startMicros + ticks * tickMicros - monotonicMicros()) / 1e3);
      };
      turn();
    });
  }

  #sleep(turn: () => void): void {
    const sinceMicros = monotonicMicros();
    this.#wake = () => {
      this.#heldMicros += monotonicMicros() - sinceMicros;
      turn();
    };
  }

  #emitOne(stampMicros: number): void {
    const group = this.#audience.pick(++this.#emits);
    this.#due += this.#audience.sizes[group];
    const event = this.#writer.event(++this.#counts[group], stampMicros, group, this.#emits);
    const startMillis = performance.now();
    this.#emit(event, this.#audience.addresses[group]);
    this.#emitTimes.record((performance.now() - startMillis) * 1e6);
  }
}
