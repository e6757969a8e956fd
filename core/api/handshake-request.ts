/**
 * The handshake request as Node's IncomingMessage shows it. App thread. One object for all who ask: hooks, `conn`,
 * `client` and every namespace see the same, so what one hangs on it the others find.
 *
 * Most requests are never looked at, so what the I/O thread sent is kept as bytes and read when somebody does.
 */
import { type HandshakeRequest, type Headers, parseQuery, type RequestInfo } from '../wire/request-info.ts';
import { decodeRequest } from '../wire/request-record.ts';
import { IdleEmitter } from './idle-emitter.ts';

type Connection = HandshakeRequest['connection'] & { readonly destroyed: boolean };

/** As an emitter it tells nothing by itself. */
export class EngineRequest extends IdleEmitter implements HandshakeRequest {
  #source: string | RequestInfo;
  #connection: Connection | undefined;
  #query: Record<string, string | string[]> | undefined;

  /** @param source as the I/O thread encoded it, a copy of its own; or decoded already */
  constructor(source: string | RequestInfo) {
    super();
    this.#source = source;
  }

  get method(): string {
    return this.#info.method;
  }

  set method(method: string) {
    this.#info.method = method;
  }

  get url(): string {
    return this.#info.url;
  }

  set url(url: string) {
    this.#info.url = url;
    this.#query = undefined;
  }

  get headers(): Headers {
    return this.#info.headers;
  }

  set headers(headers: Headers) {
    this.#info.headers = headers;
  }

  get connection(): Connection {
    const { secure, address, port } = this.#info;
    this.#connection ??= { encrypted: secure, remoteAddress: address, remotePort: port, destroyed: false };
    return this.#connection;
  }

  /** Same as `connection`, under its newer name. */
  get socket(): Connection {
    return this.connection;
  }

  /** Same as `connection`. */
  get client(): Connection {
    return this.connection;
  }

  get httpVersion(): string {
    return '1.1';
  }

  get httpVersionMajor(): number {
    return 1;
  }

  get httpVersionMinor(): number {
    return 1;
  }

  get complete(): boolean {
    return true;
  }

  /** Always false: the request was read to its end. */
  get aborted(): boolean {
    return false;
  }

  /** Names in lower case and values in turn, repeated ones merged as in `headers`. */
  get rawHeaders(): string[] {
    return Object.entries(this.headers).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value ?? '']).flatMap((each) => [name, each]),
    );
  }

  get _query(): Record<string, string | string[]> {
    this.#query ??= parseQuery(this.url);
    return this.#query;
  }

  /** Whether it came over TLS; `connection` would be an object more to keep. @internal */
  get encrypted(): boolean {
    return this.#info.secure;
  }

  /** The query for one who keeps it: `_query` would keep another. @internal */
  copyQuery(): Record<string, string | string[]> {
    return this.#query === undefined ? parseQuery(this.url) : { ...this.#query };
  }

  get #info(): RequestInfo {
    if (typeof this.#source === 'string') this.#source = decodeRequest(this.#source);
    return this.#source;
  }
}
