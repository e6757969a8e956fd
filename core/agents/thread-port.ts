/**
 * The app thread's control port to one other thread: requests out, notices in. Notices arrive as events; while the app
 * thread must know something before a call returns (is the port bound?), it blocks for them instead.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { EngineError } from '../errors.ts';
import type { Control } from '../shm/control.ts';
import { threadName } from '../shm/layout.ts';

/** What a thread posts that cannot start, whatever else it may say. */
export interface FailedStart {
  readonly op: 'failed';
  readonly message: string;
}

/** Threads that take longer than this to start or to answer are taken for dead. */
const ANSWER_MS = 30_000;

export class ThreadPort<Request, Notice> {
  readonly #control: Control;
  readonly #thread: number;
  readonly #onNotice: (notice: Notice) => void;
  #port: MessagePort;
  #life = 0;
  #failure: string | undefined;

  constructor(control: Control, thread: number, port: MessagePort, onNotice: (notice: Notice) => void) {
    this.#control = control;
    this.#thread = thread;
    this.#onNotice = onNotice;
    this.#port = port;
    this.#listen();
  }

  /** Which life of the thread the port leads to: what was asked in one must not be answered in the next. */
  get life(): number {
    return this.#life;
  }

  /** What the thread has said before it ended, when it could not start. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Takes the port to a restarted thread. */
  replace(port: MessagePort): void {
    this.#port.close();
    this.#life++;
    this.#port = port;
    this.#listen();
  }

  post(request: Request, transfer: readonly MessagePort[] = []): void {
    this.#port.postMessage(request, transfer);
  }

  /**
   * Blocks until a notice has made `done` true.
   * @throws ERR_THREAD_START when the thread cannot start, or after 30 s without
   */
  waitUntil(done: () => boolean): void {
    const deadline = performance.now() + ANSWER_MS;
    for (;;) {
      const seen = this.#control.notices(this.#thread);
      for (let received = receiveMessageOnPort(this.#port); received; received = receiveMessageOnPort(this.#port)) {
        this.#receive(received.message as Notice | FailedStart);
      }
      // First: a thread that failed is down too, which may be what `done` asks for.
      if (this.#failure !== undefined) {
        throw new EngineError('ERR_THREAD_START', `${threadName(this.#thread)} could not start: ${this.#failure}`);
      }
      if (done()) return;
      const left = deadline - performance.now();
      if (left <= 0) {
        const name = threadName(this.#thread);
        throw new EngineError('ERR_THREAD_START', `${name} did not answer for ${ANSWER_MS} ms, expected at once`);
      }
      this.#control.waitForNotice(this.#thread, seen, left);
    }
  }

  close(): void {
    this.#port.close();
  }

  #listen(): void {
    this.#port.on('message', (notice: Notice | FailedStart) => this.#receive(notice));
    this.#port.unref(); // a server that listens keeps the process alive by its threads
  }

  #receive(notice: Notice | FailedStart): void {
    if ((notice as FailedStart).op === 'failed') this.#failure = (notice as FailedStart).message;
    else this.#onNotice(notice as Notice);
  }
}
