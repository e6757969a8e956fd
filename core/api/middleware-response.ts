/**
 * The response that Connect-style middleware gets. App thread. The real answer is an I/O thread's: here headers are
 * collected, and a middleware that answers by itself is noticed.
 */
import { EventEmitter } from 'node:events';

type HeaderValue = string | number | readonly string[];

/** Events `finish` and `close`, as of a response that has been sent. */
export class MiddlewareResponse extends EventEmitter {
  statusCode = 200;
  statusMessage = '';
  /** Called when a middleware ends the response itself. */
  onEnd: () => void = () => {};
  headersSent = false;
  writableEnded = false;
  readonly #headers: [string, string][];
  readonly #body: string[] = [];

  /** @param headers is filled with what middleware sets */
  constructor(headers: [string, string][]) {
    super();
    this.#headers = headers;
  }

  /** What a middleware has written as the body. */
  get body(): string {
    return this.#body.join('');
  }

  get finished(): boolean {
    return this.writableEnded;
  }

  setHeader(name: string, value: HeaderValue): this {
    this.removeHeader(name);
    return this.appendHeader(name, value);
  }

  appendHeader(name: string, value: HeaderValue): this {
    for (const each of Array.isArray(value) ? value : [value]) {
      // A line break would begin a header, or an answer, of its own.
      this.#headers.push([headerName(name), headerValue(each)]);
    }
    return this;
  }

  getHeader(name: string): string | string[] | undefined {
    const found = this.#headers.filter(([each]) => isSame(each, name)).map(([, value]) => value);
    return found.length > 1 ? found : found[0];
  }

  getHeaderNames(): string[] {
    return [...new Set(this.#headers.map(([name]) => name.toLowerCase()))];
  }

  getHeaders(): Record<string, string | string[] | undefined> {
    return Object.fromEntries(this.getHeaderNames().map((name) => [name, this.getHeader(name)]));
  }

  hasHeader(name: string): boolean {
    return this.#headers.some(([each]) => isSame(each, name));
  }

  removeHeader(name: string): void {
    for (let i = this.#headers.length - 1; i >= 0; i--) {
      if (isSame(this.#headers[i][0], name)) this.#headers.splice(i, 1);
    }
  }

  /** Middleware may replace it to learn when headers are due; the engine calls it without arguments then. */
  writeHead(status = this.statusCode, message?: string | Record<string, HeaderValue>, headers = message): this {
    this.statusCode = status;
    if (typeof headers === 'object') {
      for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
    }
    this.headersSent = true;
    return this;
  }

  write(chunk: unknown): boolean {
    this.#body.push(textOf(chunk));
    return true;
  }

  /** The first call ends the response. */
  end(chunk?: unknown): this {
    if (this.writableEnded) return this;
    if (chunk !== undefined && typeof chunk !== 'function') this.write(chunk);
    if (!this.headersSent) this.writeHead();
    this.writableEnded = true;
    this.onEnd();
    this.emit('finish');
    this.emit('close');
    return this;
  }
}

const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** @throws TypeError for what no header name can be */
export function headerName(name: string): string {
  if (/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return name;
  throw new TypeError(`Header name ${JSON.stringify(name)} must be a token`);
}

/** @throws TypeError for text that would end its line */
export function headerValue(value: unknown): string {
  const text = String(value);
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) return text;
  throw new TypeError(`Header value ${JSON.stringify(text)} has characters that are not allowed`);
}

function textOf(chunk: unknown): string {
  return chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : String(chunk);
}
