/**
 * A child process that hosts clients, so that a blocked app thread does not block them. Test processes run it.
 * Requests are answered in any order; whatever the child says unasked is an error report.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { within } from './wait-for.ts';

interface Envelope {
  id: number;
  body: unknown;
}

/** The end of the test process. `Request` and `Reply` must survive structured clone. */
export class ClientHost<Request, Reply> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (body: Reply) => void>();
  #lastId = 0;
  #failure: Error | undefined;
  #onFailure: (error: Error) => void = () => {};

  /** `entry` is a TypeScript file that calls `serveHost`. */
  constructor(entry: URL) {
    this.#child = fork(entry, { execArgv: ['--import', 'tsx'], serialization: 'advanced' });
    this.#child.on('message', ({ id, body }: Envelope) => {
      this.#waiting.get(id)?.(body as Reply);
      this.#waiting.delete(id);
    });
    this.#child.on('exit', (code, signal) => {
      this.#failure = new Error(`a client host ended with ${signal ?? code}`);
      this.#onFailure(this.#failure);
    });
  }

  /** Sends a request whose reply nobody waits for. */
  post(body: Request): void {
    this.#child.send({ id: ++this.#lastId, body } satisfies Envelope);
  }

  /** Sends a request and resolves with its reply; rejects when the child dies. */
  request(body: Request, what: string): Promise<Reply> {
    const id = ++this.#lastId;
    const reply = new Promise<Reply>((resolve, reject) => {
      if (this.#failure) reject(this.#failure);
      this.#onFailure = reject;
      this.#waiting.set(id, resolve);
      this.#child.send({ id, body } satisfies Envelope);
    });
    return within(reply, what);
  }

  /** Ends the child and resolves when it is gone. */
  async close(): Promise<void> {
    if (this.#failure) return;
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#onFailure = () => {};
    this.#child.disconnect();
    await gone;
  }
}

/** The child's end: answers each request with what `answer` returns, and exits when the parent lets go. */
export function serveHost<Request, Reply>(answer: (request: Request) => Promise<Reply> | Reply): void {
  process.on('message', async ({ id, body }: Envelope) => {
    const reply = await answer(body as Request);
    process.send?.({ id, body: reply } satisfies Envelope);
  });
  process.on('disconnect', () => process.exit(0));
}
