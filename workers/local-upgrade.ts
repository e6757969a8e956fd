/**
 * An upgrade request on its connection. A class, not an object literal with a getter: V8 makes each of those a dictionary,
 * and keeps what its getter can see, here the request, until the next full collection.
 */
import type { HttpResponse, us_socket_context_t } from 'uWebSockets.js';
import type { SocketOwner, SocketRequest } from '../core/agents/io/web-socket-handle.ts';
import { CONNECTION_ERRORS, type ErrorContext } from '../core/wire/connection-errors.ts';
import type { Headers } from '../core/wire/request-info.ts';
import { statusLine } from './local-exchange.ts';
import type { SpareCork } from './spare-cork.ts';

/** What uWebSockets.js keeps with a WebSocket. */
export interface SocketData {
  readonly owner: SocketOwner;
}

export class LocalUpgrade implements SocketRequest {
  headers: SocketRequest['headers'] = [];
  onRefused: SocketRequest['onRefused'];
  onAborted: SocketRequest['onAborted'];
  readonly #res: HttpResponse;
  readonly #context: us_socket_context_t;
  readonly #cork: SpareCork;
  /** What the handshake names. */
  readonly #key: string;
  readonly #protocol: string;
  readonly #extensions: string;
  #open = true;

  /** @param cork for an upgrade that is accepted late */
  constructor(res: HttpResponse, context: us_socket_context_t, headers: Headers, cork: SpareCork) {
    this.#res = res;
    this.#context = context;
    this.#cork = cork;
    this.#key = String(headers['sec-websocket-key'] ?? '');
    this.#protocol = String(headers['sec-websocket-protocol'] ?? '');
    this.#extensions = String(headers['sec-websocket-extensions'] ?? '');
  }

  get open(): boolean {
    return this.#open;
  }

  accept(owner: SocketOwner): void {
    if (!this.#open) return;
    this.#open = false;
    this.#cork.run(() => {
      const res = this.#res;
      if (this.headers.length > 0) res.writeStatus('101 Switching Protocols'); // else a header would say 200
      for (const [name, value] of this.headers) res.writeHeader(name, value);
      res.upgrade<SocketData>({ owner }, this.#key, this.#protocol, this.#extensions, this.#context);
    });
  }

  refuse(code: number, errorContext: ErrorContext, status = 400, text: string = CONNECTION_ERRORS[code]): void {
    if (!this.#open) return;
    this.#open = false;
    this.onRefused?.(code, errorContext);
    this.#res.cork(() => {
      this.#res.writeStatus(statusLine(status)).writeHeader('Content-type', 'text/html');
      for (const [name, value] of this.headers) this.#res.writeHeader(name, value);
      this.#res.end(text, true);
    });
  }

  /** The request is parked, and the client may go while it is. @param run runs a callback as the agent's work */
  park(run: (action: () => void) => void): void {
    this.#res.onAborted(() => {
      if (!this.#open) return;
      this.#open = false;
      if (this.onAborted !== undefined) run(this.onAborted);
    });
  }
}
