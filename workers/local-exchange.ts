/**
 * A request on this thread's own connection, as an Exchange: reads the body within its limit, writes the answer once,
 * and notices when the client goes. uWebSockets.js forgets a response after the handler unless it is told otherwise.
 */
import type { HttpResponse } from 'uWebSockets.js';
import type { Exchange, HttpAnswer } from '../core/agents/io/exchange.ts';

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  400: 'Bad Request',
  403: 'Forbidden',
  413: 'Payload Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export const statusLine = (status: number): string => `${status} ${STATUS_TEXT[status] ?? ''}`;

export class LocalExchange implements Exchange {
  onAborted: (() => void) | undefined;
  readonly #res: HttpResponse;
  readonly #onAbort: (action: () => void) => void;
  #done = false;

  /** @param onAbort runs what the owner does about a client that has gone */
  constructor(res: HttpResponse, onAbort: (action: () => void) => void) {
    this.#res = res;
    this.#onAbort = onAbort;
    res.onAborted(() => {
      if (this.#done) return;
      this.#done = true;
      const { onAborted } = this;
      this.onAborted = undefined;
      if (onAborted !== undefined) this.#onAbort(onAborted);
    });
  }

  get done(): boolean {
    return this.#done;
  }

  answer({ status, contentType, body, cookie, close }: HttpAnswer): void {
    if (this.#done) return;
    this.#done = true;
    this.#res.cork(() => {
      this.#res.writeStatus(statusLine(status));
      if (contentType !== undefined) this.#res.writeHeader('Content-Type', contentType);
      if (cookie !== undefined) this.#res.writeHeader('Set-Cookie', cookie);
      this.#res.writeHeader('Cache-Control', 'no-store');
      this.#res.end(body, close);
    });
  }

  /**
   * Reads the body.
   *
   * @param onBody gets all of it, once
   * @param onTooLarge called instead as soon as it is over the limit
   */
  readBody(limit: number, onBody: (bytes: Uint8Array) => void, onTooLarge: () => void): void {
    const chunks: Buffer[] = [];
    let length = 0;
    let over = false;
    this.#res.onData((chunk, isLast) => {
      if (over || this.#done) return;
      length += chunk.byteLength;
      if (length > limit) {
        over = true;
        chunks.length = 0;
        onTooLarge();
        return;
      }
      // The chunk is only valid during the call; a body in one piece needs no copy before it is used.
      if (isLast && chunks.length === 0) {
        onBody(new Uint8Array(chunk));
        return;
      }
      chunks.push(Buffer.from(new Uint8Array(chunk)));
      if (isLast) onBody(Buffer.concat(chunks));
    });
  }
}
