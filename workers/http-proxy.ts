/**
 * Requests that are not the engine's, passed to the application's own HTTP server over its private Unix socket: bodies
 * stream both ways under back-pressure, connections are kept. I/O thread; the app thread never sees an engine request.
 */
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { formatAddress } from '../core/wire/address.ts';
import { statusLine } from './local-exchange.ts';

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade', 'transfer-encoding']);
/** Answers without a body, whatever their headers say. */
const BODILESS = new Set([204, 304]);

/** Adds the route for everything else. @param secure the port speaks TLS */
export function serveApplication(app: TemplatedApp, socketPath: string, secure: boolean): void {
  const agent = new Agent({ keepAlive: true });
  app.any('/*', (res, req) => proxy(res, req, socketPath, secure, agent));
}

function proxy(res: HttpResponse, req: HttpRequest, socketPath: string, secure: boolean, agent: Agent): void {
  const method = req.getCaseSensitiveMethod();
  const search = req.getQuery();
  const path = search === undefined || search === '' ? req.getUrl() : `${req.getUrl()}?${search}`;
  const address = formatAddress(new Uint8Array(res.getRemoteAddress()));
  const headers: string[] = [];
  let forwarded = address;
  req.forEach((name, value) => {
    if (name === 'x-forwarded-for') forwarded = `${value}, ${address}`;
    else if (!HOP_BY_HOP.has(name) && name !== 'x-forwarded-proto') headers.push(name, value);
  });
  headers.push('x-forwarded-for', forwarded, 'x-forwarded-proto', secure ? 'https' : 'http');
  const chunked = req.getHeader('transfer-encoding') !== '';
  if (chunked) headers.push('transfer-encoding', 'chunked');

  const upstream = httpRequest({ socketPath, method, path, headers, agent });
  let gone = false;
  res.onAborted(() => {
    gone = true;
    upstream.destroy();
  });
  upstream.on('response', (answer) => {
    if (gone) answer.destroy();
    else answerWith(res, answer, method, () => gone);
  });
  upstream.on('error', () => {
    if (gone) return;
    gone = true;
    res.cork(() => res.writeStatus(statusLine(502)).end('Bad Gateway', true));
  });
  sendBody(res, upstream, () => gone);
}

function sendBody(res: HttpResponse, upstream: ClientRequest, gone: () => boolean): void {
  res.onData((chunk, isLast) => {
    if (gone()) return;
    // The chunk is only valid during the call.
    const more = chunk.byteLength === 0 || upstream.write(Buffer.from(new Uint8Array(chunk).slice()));
    if (isLast) {
      upstream.end();
    } else if (!more) {
      res.pause();
      upstream.once('drain', () => {
        if (!gone()) res.resume();
      });
    }
  });
}

function answerWith(res: HttpResponse, answer: IncomingMessage, method: string, gone: () => boolean): void {
  const status = answer.statusCode ?? 502;
  const length = Number(answer.headers['content-length'] ?? Number.NaN);
  const writeHead = (): void => {
    res.writeStatus(`${status} ${answer.statusMessage ?? ''}`);
    for (let i = 0; i < answer.rawHeaders.length; i += 2) {
      const name = answer.rawHeaders[i].toLowerCase();
      if (!HOP_BY_HOP.has(name) && name !== 'content-length') {
        res.writeHeader(answer.rawHeaders[i], answer.rawHeaders[i + 1]);
      }
    }
  };
  if (method === 'HEAD' || BODILESS.has(status)) {
    answer.resume();
    res.cork(() => {
      writeHead();
      if (Number.isNaN(length)) res.endWithoutBody();
      else res.endWithoutBody(length);
    });
    return;
  }
  res.cork(writeHead);
  const body = Number.isNaN(length) ? new ChunkedBody(res) : new SizedBody(res, length);
  answer.on('data', (chunk: Buffer) => {
    if (!gone() && !body.write(chunk)) answer.pause();
  });
  res.onWritable((offset) => {
    const flowing = body.writable(offset);
    if (flowing) answer.resume();
    return flowing;
  });
  answer.on('end', () => {
    if (gone()) return;
    if (Number.isNaN(length) || length === 0) res.cork(() => res.end());
  });
  answer.on('error', () => {
    if (!gone()) res.close();
  });
}

/** A body of unknown length: uWebSockets.js keeps what the socket does not take now. */
class ChunkedBody {
  readonly #res: HttpResponse;

  constructor(res: HttpResponse) {
    this.#res = res;
  }

  /** False when the socket is full. */
  write(chunk: Uint8Array): boolean {
    let ok = true;
    this.#res.cork(() => {
      ok = this.#res.write(chunk);
    });
    return ok;
  }

  writable(_offset: number): boolean {
    return true;
  }
}

/** A body of known length: what the socket does not take now must be offered again, from where it stopped. */
class SizedBody {
  readonly #res: HttpResponse;
  readonly #length: number;
  #left: Uint8Array | undefined;
  /** Offset in the body at which `#left` begins. */
  #base = 0;

  constructor(res: HttpResponse, length: number) {
    this.#res = res;
    this.#length = length;
  }

  write(chunk: Uint8Array): boolean {
    const base = this.#res.getWriteOffset();
    if (this.#try(chunk)) return true;
    this.#left = chunk;
    this.#base = base;
    return false;
  }

  writable(offset: number): boolean {
    if (this.#left === undefined) return true;
    if (!this.#try(this.#left.subarray(offset - this.#base))) return false;
    this.#left = undefined;
    return true;
  }

  #try(chunk: Uint8Array): boolean {
    let ok = true;
    this.#res.cork(() => {
      [ok] = this.#res.tryEnd(chunk, this.#length);
    });
    return ok;
  }
}
