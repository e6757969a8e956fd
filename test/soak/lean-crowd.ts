/**
 * Thousands of lean clients in a child process, and numbered broadcasts to all of them. The soak tests run it.
 */
import assert from 'node:assert/strict';
import { ClientHost } from '../support/child.ts';
import type { TestServer } from '../support/server.ts';
import { LEAN_EVENT, LEAN_NAMESPACE, type LeanReport, type LeanRequest } from './lean-protocol.ts';

export class LeanCrowd {
  readonly #server: TestServer;
  readonly #clients: number;
  readonly #host = new ClientHost<LeanRequest, LeanReport>(new URL('lean-host.ts', import.meta.url));
  #sent = 0;

  constructor(server: TestServer, clients: number) {
    this.#server = server;
    this.#clients = clients;
    server.io.of(LEAN_NAMESPACE);
  }

  /** Resolves when all clients are in the namespace. */
  async connect(): Promise<void> {
    const order = { kind: 'connect', port: this.#server.port, count: this.#clients } as const;
    await this.#host.request(order, `the connection of ${this.#clients} lean clients`);
    assert.equal(this.#server.io.of(LEAN_NAMESPACE).sockets.size, this.#clients);
  }

  /** Broadcasts `count` messages to every client. */
  broadcast(count: number): void {
    const namespace = this.#server.io.of(LEAN_NAMESPACE);
    for (let i = 0; i < count; i++) namespace.emit(LEAN_EVENT, ++this.#sent);
  }

  /** Resolves when every client has received all but the last `inFlight` messages, or is gone. */
  async reached(inFlight: number): Promise<void> {
    const last = this.#sent - inFlight;
    await this.#host.request({ kind: 'await', last }, `lean delivery of ${last}`);
  }

  /** Resolves when every client has received every message so far, each once and in order, and none was lost. */
  async settle(): Promise<void> {
    const report = await this.#host.request({ kind: 'await', last: this.#sent }, `lean delivery of ${this.#sent}`);
    const received = this.#clients * this.#sent;
    assert.deepEqual(report, { clients: this.#clients, received, closed: 0, gaps: 0 } satisfies LeanReport);
  }

  close(): Promise<void> {
    return this.#host.close();
  }
}
