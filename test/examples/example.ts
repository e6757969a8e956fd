/**
 * An example as a child process, with stock clients on it. Test processes run it.
 * Everything it starts for a test ends with that test.
 */
import type { TestContext } from 'node:test';
import { type ClientOptions, type ClientSocket, type Generation, openClient } from '../support/clients.ts';
import { assertEnding, Program } from '../threads/run-program.ts';

export class Example {
  readonly #program: Program;
  readonly #test: TestContext;

  /** @param name file in `examples/` */
  constructor(t: TestContext, name: string, env: Record<string, string> = {}) {
    this.#test = t;
    this.#program = new Program(new URL(`../../examples/${name}`, import.meta.url), { PORT: '0', ...env });
    t.after(async () => {
      this.#program.kill('SIGTERM');
      assertEnding(await this.#program.ended, null, 'SIGTERM');
    });
  }

  /** Resolves with what it prints after `words`, once it does. */
  said(words: string): Promise<string> {
    return this.#program.said(words);
  }

  /** The address that it prints after `words`. */
  async port(words = 'listening on'): Promise<number> {
    return Number(new URL(await this.said(words)).port);
  }

  /** A client by polling, then WebSocket, as clients are by default. */
  client(port: number, options: ClientOptions & { generation?: Generation; namespace?: string } = {}): ClientSocket {
    const { generation = 4, namespace, ...others } = options;
    const client = openClient(generation, port, namespace, { transports: ['polling', 'websocket'], ...others });
    this.#test.after(() => void client.close());
    return client;
  }
}
