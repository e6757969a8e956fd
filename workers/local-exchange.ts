/**
 * A request on this thread's own connection, as an Exchange: reads the body within its limit, compresses and writes the
 * answer once, and notices when the client goes. uWebSockets.js forgets a response after the handler unless told otherwise.
 */
import type { HttpResponse } from 'uWebSockets.js';
import { deflate, gzip } from 'node:zlib';
import type { BodyReceiver, HttpAnswer } from '../core/agents/io/exchange.ts';
import type { LocalRequest } from '../core/agents/io/front-desk.ts';
import type { HeaderList } from '../core/agents/io/gate.ts';
import type { ErrorContext } from '../core/wire/connection-errors.ts';
import {
  type ContentCoding,
  codingOfAnswer,
  type HttpCompressionRule,
  POLLING_CODINGS,
} from '../core/wire/encoding.ts';
import { BodyTimer } from './body-timer.ts';

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

export const statusLine = (status: number): string => `${status} ${STATUS_TEXT[status] ?? ''}`;

export interface LocalExchangeOptions {
  readonly compression: HttpCompressionRule | null;
  readonly acceptEncoding: string | undefined;
  /** Runs what the owner does about a client that has gone. */
  readonly onAbort: (action: () => void) => void;
}

export class LocalExchange implements LocalRequest {
  onAborted: (() => void) | undefined;
  onLost: (() => void) | undefined;
  onWritten: (() => void) | undefined;
  onRefused: ((code: number, context: ErrorContext) => void) | undefined;
  headers: HeaderList = [];
  readonly #res: HttpResponse;
  readonly #options: LocalExchangeOptions;
  /** ANSWERED: an answer was given and may still be in the compressor. */
  #state: 'open' | 'answered' | 'gone' = 'open';
  #intake: BodyIntake | undefined;

  constructor(res: HttpResponse, options: LocalExchangeOptions) {
    this.#res = res;
    this.#options = options;
    res.onAborted(() => {
      const tell = this.#state === 'open' ? this.onAborted : this.#state === 'answered' ? this.onLost : undefined;
      this.#state = 'gone';
      this.#intake?.stop();
      this.onAborted = undefined;
      if (tell !== undefined) options.onAbort(tell);
    });
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  answer(answer: HttpAnswer): void {
    if (this.#state !== 'open') return;
    this.#state = 'answered';
    if (answer.code !== undefined) this.onRefused?.(answer.code, answer.context ?? {});
    const { compression, acceptEncoding } = this.#options;
    const { body, compress } = answer;
    const bytes = body === undefined ? 0 : Buffer.byteLength(body);
    const coding = compress ? codingOfAnswer(compression, bytes, acceptEncoding, POLLING_CODINGS) : undefined;
    if (coding === undefined || body === undefined) {
      this.#write(answer, body, undefined);
      return;
    }
    const encode = coding === 'gzip' ? gzip : deflate;
    encode(body, compression?.zlib ?? {}, (error, encoded) => {
      if (this.#state === 'gone') return;
      if (error === null) this.#write(answer, encoded, coding);
      else this.#write(answer, body, undefined); // what cannot be compressed goes out as it is
    });
  }

  #write(
    { status, contentType, cookie, close }: HttpAnswer,
    body: Uint8Array | string | undefined,
    coding: ContentCoding | undefined,
  ): void {
    const res = this.#res;
    this.#state = 'gone'; // nothing may touch the response after its end
    this.#intake?.stop();
    res.cork(() => {
      res.writeStatus(statusLine(status));
      if (contentType !== undefined) res.writeHeader('Content-Type', contentType);
      if (coding !== undefined) res.writeHeader('Content-Encoding', coding);
      if (cookie !== undefined) res.writeHeader('Set-Cookie', cookie);
      res.writeHeader('Cache-Control', 'no-store');
      for (const [name, value] of this.headers) res.writeHeader(name, value);
      res.end(body, close);
    });
    this.onWritten?.();
  }

  /**
   * Reads the body, from the handler on, for whoever `receiver` turns out to be.
   * @param limit bytes; a larger body is answered with 413, its session goes on
   * @param announced its bytes by the request's own word, 0 when that says nothing
   * @param timeoutMs milliseconds for each stretch of it; after them the answer is 408, and its session hears that the
   * client left
   */
  intake(limit: number, announced: number, timeoutMs: number): BodyIntake {
    const run = (action: () => void): void => this.#options.onAbort(action);
    const onTooLarge = (): void => this.answer({ status: 413, close: true });
    const timer = new BodyTimer(
      timeoutMs,
      () => this.#putOffTimeout(),
      () => this.#expire(),
    );
    const intake = new BodyIntake(limit, announced, run, onTooLarge, timer);
    this.#intake = intake;
    this.#res.onData((chunk, isLast) => {
      if (this.#state !== 'gone') intake.chunk(chunk, isLast);
    });
    return intake;
  }

  /** Of uWebSockets.js: `pause` ends it, `resume` begins it anew; nothing is read in between. */
  #putOffTimeout(): void {
    if (this.#state === 'gone') return;
    this.#res.pause();
    this.#res.resume();
  }

  #expire(): void {
    if (this.#state !== 'open') return;
    const { onAborted } = this;
    this.onAborted = undefined;
    this.answer({ status: 408, close: true });
    if (onAborted !== undefined) this.#options.onAbort(onAborted);
  }
}

/** Collects a body, whether its receiver is known before or after it has come. */
export class BodyIntake {
  readonly #limit: number;
  readonly #run: (action: () => void) => void;
  readonly #onTooLarge: () => void;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #state: 'coming' | 'complete' | 'tooLarge' | 'delivered' = 'coming';
  readonly #timer: BodyTimer;
  #receiver: BodyReceiver | undefined;

  /** @param timer runs out when the body has taken too long */
  constructor(
    limit: number,
    announced: number,
    run: (action: () => void) => void,
    onTooLarge: () => void,
    timer: BodyTimer,
  ) {
    this.#limit = limit;
    this.#run = run;
    this.#onTooLarge = onTooLarge;
    this.#timer = timer;
    if (announced > limit) this.#state = 'tooLarge';
  }

  /** No more of it is of interest. */
  stop(): void {
    this.#timer.stop();
  }

  accept(receiver: BodyReceiver): void {
    this.#receiver = receiver;
    if (this.#state === 'complete') this.#deliver(Buffer.concat(this.#chunks));
    else if (this.#state === 'tooLarge') this.#refuse();
  }

  /** @param chunk only valid during the call */
  chunk(chunk: ArrayBuffer, isLast: boolean): void {
    if (this.#state !== 'coming') return;
    this.#timer.progress(chunk.byteLength);
    this.#length += chunk.byteLength;
    if (this.#length > this.#limit) {
      this.#chunks.length = 0;
      this.#state = 'tooLarge';
      if (this.#receiver !== undefined) this.#refuse();
      return;
    }
    // A body in one piece needs no copy when its receiver is there already.
    if (isLast && this.#chunks.length === 0 && this.#receiver !== undefined) {
      this.#deliver(new Uint8Array(chunk));
      return;
    }
    this.#chunks.push(Buffer.from(new Uint8Array(chunk)));
    if (!isLast) return;
    this.stop(); // the answer may have to wait, for the inbox or another thread
    this.#state = 'complete';
    if (this.#receiver !== undefined) this.#deliver(Buffer.concat(this.#chunks));
  }

  #deliver(bytes: Uint8Array): void {
    this.stop();
    this.#state = 'delivered';
    this.#run(() => this.#receiver?.body(bytes));
  }

  #refuse(): void {
    this.#state = 'delivered';
    this.#run(() => {
      this.#receiver?.refused();
      this.#onTooLarge();
    });
  }
}
