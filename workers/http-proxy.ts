/**
 * Requests that are not the engine's, passed to the application's own HTTP server over its private Unix socket: bodies
 * stream both ways under back-pressure, connections are kept. I/O thread; the app thread never sees an engine request.
 */
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { formatAddress } from '../core/wire/address.ts';
import { asBytes, ChunkedBody, SizedBody } from './answer-body.ts';
import { statusLine } from './local-exchange.ts';

/** Headers that belong to one connection, and those that uWebSockets.js writes or answers itself. */
const DROPPED = new Set([
  'connection',
  'date',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Answers without a body, whatever their headers say. */
const BODILESS = new Set([204, 304]);
/** Requests that may be sent again, when a kept connection turns out closed. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Adds the route for everything else. @param secure the port speaks TLS */
export function serveApplication(app: TemplatedApp, socketPath: string, secure: boolean): void {
  const agent = new Agent({ keepAlive: true });
  app.any('/*', (res, req) => {
    const request = new ProxiedRequest(res); // answers for itself from here on, whatever happens
    const { method, path, headers, hasBody } = readRequest(res, req, secure);
    const keeps = !hasBody && REPEATABLE.has(method);
    request.send({ socketPath, method, path, headers, agent: keeps ? agent : false }, hasBody);
  });
}

interface Target {
  readonly socketPath: string;
  readonly method: string;
  readonly path: string;
  readonly headers: string[];
  /** Of kept connections; false for a connection of its own. */
  readonly agent: Agent | false;
}

/** Copied out at once: the request is dead when its handler returns. */
function readRequest(
  res: HttpResponse,
  req: HttpRequest,
  secure: boolean,
): Omit<Target, 'socketPath' | 'agent'> & { hasBody: boolean } {
  const method = req.getCaseSensitiveMethod();
  const search = req.getQuery();
  const path = search === undefined || search === '' ? req.getUrl() : `${req.getUrl()}?${search}`;
  const headers: string[] = [];
  const forwarded: string[] = [];
  req.forEach((name, value) => {
    if (name === 'x-forwarded-for') forwarded.push(asLatin1(value));
    else if (!DROPPED.has(name) && name !== 'x-forwarded-proto') headers.push(asLatin1(name), asLatin1(value));
  });
  forwarded.push(formatAddress(new Uint8Array(res.getRemoteAddress())));
  headers.push('x-forwarded-for', forwarded.join(', '), 'x-forwarded-proto', secure ? 'https' : 'http');
  const chunked = req.getHeader('transfer-encoding') !== '';
  if (chunked) headers.push('transfer-encoding', 'chunked');
  // Also on a connection of its own: one that is to be closed would be reset by an answer before the end of the body.
  headers.push('connection', 'keep-alive');
  const hasBody = chunked || Number(req.getHeader('content-length') || 0) > 0;
  return { method, path: asLatin1(path), headers, hasBody };
}

/**
 * Node writes one byte per character and drops the rest of it, so that a character beyond could turn into a line break:
 * each byte of what uWebSockets.js decoded as UTF-8 becomes a character of its own.
 */
const asLatin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/**
 * WAITING for the application's answer; ANSWERING: its head is written; ENDING: so are its last bytes, as far as the client
 * takes them, and nobody wants the rest of the request's body; DONE: `res` must not be touched any more.
 */
type State = 'waiting' | 'answering' | 'ending' | 'done';

class ProxiedRequest {
  readonly #res: HttpResponse;
  #upstream: ClientRequest | undefined;
  #state: State = 'waiting';
  #paused = false;

  constructor(res: HttpResponse) {
    this.#res = res;
    res.onAborted(() => {
      this.#state = 'done';
      this.#upstream?.destroy();
    });
  }

  send(target: Target, hasBody: boolean): void {
    let upstream: ClientRequest;
    try {
      upstream = httpRequest(target);
    } catch {
      this.#refuse(400); // uWebSockets.js passes methods and paths that Node does not
      return;
    }
    this.#upstream = upstream;
    upstream.on('response', (answer) => {
      if (this.#state === 'waiting') this.#answer(answer, target.method);
      else answer.destroy();
    });
    upstream.on('error', () => {
      if (this.#state !== 'waiting') return;
      if (upstream.reusedSocket) this.send({ ...target, agent: false }, hasBody);
      else this.#refuse(502);
    });
    if (hasBody) this.#sendBody(upstream);
    else upstream.end();
  }

  #sendBody(upstream: ClientRequest): void {
    upstream.on('drain', () => this.#resume());
    this.#res.onData((chunk, isLast) => {
      if (this.#state === 'done' || this.#state === 'ending') return;
      // The chunk is only valid during the call.
      const more = chunk.byteLength === 0 || upstream.write(Buffer.from(new Uint8Array(chunk).slice()));
      if (isLast) {
        upstream.end();
      } else if (!more && !this.#paused) {
        this.#paused = true;
        this.#res.pause();
      }
    });
  }

  #resume(): void {
    if (!this.#paused || this.#state === 'done') return;
    this.#paused = false;
    this.#res.resume();
  }

  #refuse(status: number): void {
    this.#prepareEnd();
    this.#res.cork(() => this.#res.writeStatus(statusLine(status)).end(undefined, true));
    this.#done();
  }

  /** The connection may carry another request, so the rest of this one's body has to be read. */
  #prepareEnd(): void {
    this.#resume();
    this.#state = 'ending';
  }

  #done(): void {
    this.#state = 'done';
    if (this.#upstream?.writableEnded === false) this.#upstream.destroy();
  }

  #answer(answer: IncomingMessage, method: string): void {
    const res = this.#res;
    const length = Number(answer.headers['content-length'] ?? Number.NaN);
    this.#state = 'answering';
    const bodiless = BODILESS.has(answer.statusCode ?? 0);
    if (method === 'HEAD' || bodiless) {
      this.#end(() => {
        this.#writeHead(answer);
        if (!Number.isNaN(length)) res.writeHeader('Content-Length', String(length));
        else if (!bodiless) res.writeHeader('Transfer-Encoding', 'chunked'); // else a client may await the end
        res.endWithoutBody(); // given a length it would leave the request unanswered in the eyes of uWebSockets.js
      });
      answer.resume();
      return;
    }
    res.cork(() => this.#writeHead(answer));
    const body = Number.isNaN(length) ? new ChunkedBody(res) : new SizedBody(res, length, () => this.#done());
    answer.on('data', (chunk: Buffer) => {
      if (this.#state !== 'answering') return;
      if (res.getWriteOffset() + chunk.length >= length) this.#prepareEnd();
      if (!body.write(chunk)) answer.pause();
    });
    res.onWritable((offset) => {
      const flowing = body.writable(offset);
      if (flowing) answer.resume();
      return flowing;
    });
    answer.on('end', () => {
      if (this.#state === 'answering' && (Number.isNaN(length) || length === 0)) this.#end(() => res.end());
    });
    answer.on('error', () => {
      if (this.#state === 'answering') res.close(); // the handler of aborts sees to the rest
    });
  }

  #writeHead(answer: IncomingMessage): void {
    const res = this.#res;
    res.writeStatus(`${answer.statusCode} ${answer.statusMessage}`);
    for (let i = 0; i < answer.rawHeaders.length; i += 2) {
      const name = answer.rawHeaders[i].toLowerCase();
      if (!DROPPED.has(name) && name !== 'content-length') {
        res.writeHeader(answer.rawHeaders[i], asBytes(answer.rawHeaders[i + 1]));
      }
    }
  }

  /** @param write ends the response */
  #end(write: () => void): void {
    this.#prepareEnd();
    this.#res.cork(write);
    this.#done();
  }
}
