/**
 * The control region: states, doorbells, notices, beats and counters of all threads of one runtime. Every thread
 * attaches one Control; which words it may write is in the layout table.
 */
import {
  appsOffset,
  beatOffset,
  CONTROL_APP_TURN_OFFSET,
  CONTROL_BYTES,
  CONTROL_EVENTS_BLOCKED_OFFSET,
  CONTROL_GATED_OFFSET,
  CONTROL_HEADER_OFFSET,
  CONTROL_STOP_OFFSET,
  CONTROL_WANT_DRAIN_OFFSET,
  COUNTER_NAMES,
  type CounterName,
  checkHeader,
  countersOffset,
  doorbellOffset,
  noticeOffset,
  REGION_CONTROL,
  stateOffset,
  writeHeader,
} from './layout.ts';

/** States of a thread, in order of life; a restarted I/O thread begins again at STARTING with the next epoch. */
export const STATE_STARTING = 0;
/** Asks the coordinator for a place in the log. */
export const STATE_ATTACHING = 1;
export const STATE_RUNNING = 2;
/** Died of an exception; the coordinator has yet to bury its sessions. */
export const STATE_DOWN = 3;
/** The coordinator has buried its sessions. */
export const STATE_BURIED = 4;
/** Has no open uWebSockets.js app and will do nothing more. */
export const STATE_CLOSED = 5;

export class Control {
  readonly words: Int32Array;

  static create(ioThreads: number): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(CONTROL_BYTES);
    writeHeader(new Int32Array(memory), CONTROL_HEADER_OFFSET, REGION_CONTROL, ioThreads);
    return memory;
  }

  /** @throws ERR_LAYOUT_MISMATCH when the memory is no control region of this layout. */
  constructor(memory: SharedArrayBuffer, ioThreads: number) {
    this.words = new Int32Array(memory);
    checkHeader(this.words, CONTROL_HEADER_OFFSET, REGION_CONTROL, ioThreads);
  }

  state(thread: number): number {
    return Atomics.load(this.words, stateOffset(thread) >> 2); // how far that thread is
  }

  /** Written by the thread itself; the coordinator takes over from DOWN to BURIED and from ATTACHING to RUNNING. */
  setState(thread: number, state: number): void {
    const index = stateOffset(thread) >> 2;
    Atomics.store(this.words, index, state); // tells everyone who waits for that state
    Atomics.notify(this.words, index);
  }

  /** Blocks until the thread's state is no longer `state`; false on time-out. */
  waitWhileState(thread: number, state: number, timeoutMs: number): boolean {
    return Atomics.wait(this.words, stateOffset(thread) >> 2, state, timeoutMs) !== 'timed-out';
  }

  /** Open uWebSockets.js apps of a thread. */
  apps(thread: number): number {
    return Atomics.load(this.words, appsOffset(thread) >> 2); // that thread → app
  }

  setApps(thread: number, count: number): void {
    const index = appsOffset(thread) >> 2;
    Atomics.store(this.words, index, count); // the app thread waits for 0 when the process exits
    Atomics.notify(this.words, index);
  }

  /** Blocks until the number of open apps is no longer `count`, with a bound. */
  waitWhileApps(thread: number, count: number, timeoutMs: number): void {
    Atomics.wait(this.words, appsOffset(thread) >> 2, count, timeoutMs);
  }

  get stopRequested(): boolean {
    return Atomics.load(this.words, CONTROL_STOP_OFFSET >> 2) === 1; // app → coordinator
  }

  requestStop(): void {
    Atomics.store(this.words, CONTROL_STOP_OFFSET >> 2, 1); // app → coordinator
  }

  get gated(): boolean {
    return Atomics.load(this.words, CONTROL_GATED_OFFSET >> 2) === 1; // coordinator → I/O threads, app
  }

  set gated(value: boolean) {
    Atomics.store(this.words, CONTROL_GATED_OFFSET >> 2, value ? 1 : 0); // coordinator → I/O threads, app
  }

  get eventsBlocked(): boolean {
    return Atomics.load(this.words, CONTROL_EVENTS_BLOCKED_OFFSET >> 2) === 1; // coordinator → app
  }

  set eventsBlocked(value: boolean) {
    Atomics.store(this.words, CONTROL_EVENTS_BLOCKED_OFFSET >> 2, value ? 1 : 0); // coordinator → app
  }

  get wantDrain(): boolean {
    return Atomics.load(this.words, CONTROL_WANT_DRAIN_OFFSET >> 2) === 1; // app → coordinator
  }

  set wantDrain(value: boolean) {
    Atomics.store(this.words, CONTROL_WANT_DRAIN_OFFSET >> 2, value ? 1 : 0); // app → coordinator
  }

  get appInTurn(): boolean {
    return Atomics.load(this.words, CONTROL_APP_TURN_OFFSET >> 2) === 1; // app → coordinator
  }

  set appInTurn(value: boolean) {
    Atomics.store(this.words, CONTROL_APP_TURN_OFFSET >> 2, value ? 1 : 0); // app → coordinator
  }

  // ── notices: messages posted to the app thread, which may be blocked waiting for one ──

  /** Call after `postMessage` to the app thread. */
  notice(thread: number): void {
    const index = noticeOffset(thread) >> 2;
    Atomics.add(this.words, index, 1); // one more message of this thread waits for the app thread
    Atomics.notify(this.words, index);
  }

  notices(thread: number): number {
    return Atomics.load(this.words, noticeOffset(thread) >> 2); // as many as that thread has posted
  }

  waitForNotice(thread: number, seen: number, timeoutMs: number): void {
    Atomics.wait(this.words, noticeOffset(thread) >> 2, seen, timeoutMs);
  }

  // ── beats: turns of a thread's loop ──

  beat(thread: number): void {
    const index = beatOffset(thread) >> 2;
    Atomics.store(this.words, index, (this.words[index] + 1) | 0); // watchdog of the app thread
  }

  beats(thread: number): number {
    return Atomics.load(this.words, beatOffset(thread) >> 2); // turns of that thread's loop
  }

  doorbell(thread: number): Doorbell {
    return new Doorbell(this.words, doorbellOffset(thread) >> 2);
  }

  /** The counters that this thread writes: plain words, read late is read early enough. */
  counters(thread: number): Int32Array {
    return this.words.subarray(countersOffset(thread) >> 2, (countersOffset(thread) >> 2) + COUNTER_NAMES.length);
  }
}

export const counterIndex = (name: CounterName): number => COUNTER_NAMES.indexOf(name);

/**
 * Wakes a sleeping thread. Ringing an awake one costs one load. Protocol of the owner: `prepareSleep`, look for work
 * once more, then sleep or `cancelSleep`. Of the ringer: publish the work first, then `ring`.
 */
export class Doorbell {
  readonly #words: Int32Array;
  readonly #index: number;

  constructor(words: Int32Array, index: number) {
    this.#words = words;
    this.#index = index;
  }

  ring(): void {
    if (Atomics.load(this.#words, this.#index) === 0) return; // awake: it will look before it sleeps
    if (Atomics.exchange(this.#words, this.#index, 0) === 1) Atomics.notify(this.#words, this.#index); // wakes the owner
  }

  prepareSleep(): void {
    Atomics.store(this.#words, this.#index, 1); // ringers notify from here on
  }

  cancelSleep(): void {
    Atomics.store(this.#words, this.#index, 0); // awake again
  }

  /** Blocks until rung. For a thread without an event loop of its own. */
  sleep(timeoutMs: number): void {
    Atomics.wait(this.#words, this.#index, 1, timeoutMs);
    this.cancelSleep();
  }

  /** Resolves when rung; undefined when that has already happened. For a thread with an event loop. */
  sleepAsync(): Promise<unknown> | undefined {
    const result = Atomics.waitAsync(this.#words, this.#index, 1);
    return result.async ? result.value : undefined;
  }
}
