/**
 * The handshake request as Node's IncomingMessage shows it. App thread. One object for all who ask: hooks, `conn`,
 * `client` and every namespace see the same, so what one hangs on it the others find.
 */

import type { HandshakeRequest } from '../wire/request-info.ts';
import { parseQuery, type RequestInfo } from '../wire/request-info.ts';

export class EngineRequest implements HandshakeRequest {
  method: string;
  url: string;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly connection: {
    readonly encrypted: boolean;
    readonly remoteAddress: string;
    readonly remotePort?: number;
    readonly destroyed: boolean;
  };
  readonly httpVersion = '1.1';
  readonly httpVersionMajor = 1;
  readonly httpVersionMinor = 1;
  readonly complete = true;
  #query: Record<string, string | string[]> | undefined;

  constructor(info: RequestInfo) {
    this.method = info.method;
    this.url = info.url;
    this.headers = info.headers;
    this.connection = {
      encrypted: info.secure,
      remoteAddress: info.address,
      remotePort: info.port,
      destroyed: false,
    };
  }

  /** Same as `connection`, under its newer name. */
  get socket(): EngineRequest['connection'] {
    return this.connection;
  }

  /** Names and values in turn. */
  get rawHeaders(): string[] {
    return Object.entries(this.headers).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value ?? '']).flatMap((each) => [name, each]),
    );
  }

  get _query(): Record<string, string | string[]> {
    this.#query ??= parseQuery(this.url);
    return this.#query;
  }
}
