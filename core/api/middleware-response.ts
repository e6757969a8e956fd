/**
 * The response that Connect-style middleware gets. App thread. It is Node's own, on no connection: headers and body stay
 * here, because the real answer is an I/O thread's.
 */
import { type IncomingMessage, ServerResponse } from 'node:http';

type Header = readonly [name: string, value: string];

/** Events `finish` and `close` come after the end, as of a response that has been sent. */
export class MiddlewareResponse extends ServerResponse {
  /** Called when the response has ended: by its own `end`, which what middleware put in its place may call later. */
  onEnd: () => void = () => {};
  readonly #body: Buffer[] = [];

  /** @param request what middleware gets beside it */
  constructor(request: object) {
    super(request as IncomingMessage);
  }

  /** What middleware has written as the body. */
  get body(): string {
    return Buffer.concat(this.#body).toString();
  }

  /** What middleware has set. */
  get headerList(): Header[] {
    // Every outgoing message of Node has the method, though its types say that only requests do.
    const names: string[] = (this as any).getRawHeaderNames();
    return names.flatMap((name) => [this.getHeader(name) ?? []].flat().map((value): Header => [name, String(value)]));
  }

  /** @param rest message and headers, both optional; headers as an object, as pairs, or as names and values in turn */
  override writeHead(status: number, ...rest: any[]): this {
    const [message, given] = typeof rest[0] === 'string' ? rest : [undefined, rest[0]];
    // Node would write them to the connection and keep none of them.
    if (!this.headersSent) this.#setAll(Array.isArray(given) ? pairsOf(given) : Object.entries(given ?? {}));
    return message === undefined ? super.writeHead(status) : super.writeHead(status, message);
  }

  override write(chunk: any, ...rest: any[]): boolean {
    if (!this.headersSent) this.writeHead(this.statusCode);
    this.#body.push(typeof chunk === 'string' ? Buffer.from(chunk, encodingIn(rest)) : Buffer.from(chunk));
    const done = rest.find((each) => typeof each === 'function');
    if (done !== undefined) process.nextTick(done);
    return true;
  }

  /** The first call ends the response. */
  override end(...args: any[]): this {
    if (this.writableEnded) return this;
    const [chunk, ...rest] = args;
    if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') this.write(chunk, encodingIn(rest));
    if (!this.headersSent) this.writeHead(this.statusCode);
    this.finished = true;
    const done = args.find((each) => typeof each === 'function');
    if (done !== undefined) this.once('finish', done);
    process.nextTick(() => {
      this.emit('finish');
      this.emit('close');
    });
    this.onEnd();
    return this;
  }

  #setAll(headers: readonly (readonly [name: string, value: any])[]): void {
    for (const [name] of headers) this.removeHeader(name);
    for (const [name, value] of headers) this.appendHeader(name, value);
  }
}

function pairsOf(list: readonly any[]): [name: string, value: any][] {
  if (Array.isArray(list[0])) return list as [string, any][];
  return list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1]]] : []));
}

const encodingIn = (rest: readonly any[]): BufferEncoding | undefined =>
  rest.find((each) => typeof each === 'string') as BufferEncoding | undefined;
