/**
 * A polling client of Engine.IO 4 made of bare HTTP requests, for tests that break one off. Test processes run it.
 */
import assert from 'node:assert/strict';
import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { TestContext } from 'node:test';
import type { Socket as ServerSocket } from 'socket.io';
import { waitFor } from './wait-for.ts';
import type { WayIn } from './ways.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Sends a request with an optional body and reads its whole answer. */
export async function fetchWhole(url: string, options: RequestOptions = {}, body?: string | Buffer): Promise<Answer> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  const req = request(url, { rejectUnauthorized: false, agent: false, ...options } as RequestOptions).end(body);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    req.on('response', resolve).on('error', reject);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks).toString() };
}

export class Poller {
  readonly #server: WayIn;
  readonly #base: string;
  readonly #open: ClientRequest[] = [];
  #sid = '';

  constructor(t: TestContext, server: WayIn, path = '/socket.io/') {
    this.#server = server;
    this.#base = `${server.url}${path}?EIO=4&transport=polling`;
    t.after(() => this.breakOff());
  }

  /** Opens a session and joins the main namespace. */
  async join(): Promise<ServerSocket> {
    const { body } = await fetchWhole(this.#base);
    this.#sid = JSON.parse(body.slice(1)).sid;
    const arrival = waitFor(this.#server.io, 'connection');
    await this.post('40');
    const [socket] = await arrival;
    assert.match((await this.poll()).body, /^40\{"sid":/);
    return socket;
  }

  poll(): Promise<Answer> {
    return fetchWhole(this.#url);
  }

  post(body: string): Promise<Answer> {
    return fetchWhole(this.#url, { method: 'POST' }, body);
  }

  /** Begins a request of the session, whose rest is the caller's. */
  begin(method: string, headers: RequestOptions['headers'] = {}): ClientRequest {
    const request = this.#server.secure ? httpsRequest : httpRequest;
    const req = request(this.#url, { method, headers, agent: false, rejectUnauthorized: false });
    req.on('error', () => {}); // of being broken off
    req.flushHeaders();
    this.#open.push(req);
    return req;
  }

  /** Drops the connections of the requests begun. */
  breakOff(): void {
    for (const req of this.#open) req.destroy();
  }

  get #url(): string {
    return `${this.#base}&sid=${this.#sid}`;
  }
}
