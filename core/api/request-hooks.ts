/**
 * The application's say in requests: `allowRequest`, `origins` and `cors` functions, `generateId`, middleware, header
 * events. App thread; an I/O thread has parked the request and waits for the verdict.
 */
import { type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http';
import {
  HOOK_ALLOW_REQUEST,
  HOOK_CONNECTION_ERROR,
  HOOK_CORS,
  HOOK_GENERATE_ID,
  HOOK_HEADERS,
  HOOK_INITIAL_HEADERS,
  HOOK_MIDDLEWARE,
  HOOK_ORIGINS,
  type Question,
  type Verdict,
  type VerdictRefusal,
} from '../agents/io/gate.ts';
import type { AllowRequest } from '../server-options.ts';
import {
  BAD_REQUEST,
  CONNECTION_ERRORS,
  type ConnectionError,
  connectionErrorBody,
  type ErrorContext,
  FORBIDDEN,
} from '../wire/connection-errors.ts';
import { type CorsOptions, type CorsRule, decideOrigin, resolveCors } from '../wire/cors.ts';
import { isAsk } from '../wire/origin-header.ts';
import { originCandidate } from '../wire/origins.ts';
import type { HandshakeRequest } from '../wire/request-info.ts';
import { EngineRequest } from './handshake-request.ts';
import { MiddlewareResponse } from './middleware-response.ts';

export type OriginsFunction = (origin: string, callback: (error: string | null, allow: boolean) => void) => void;
export type CorsFunction = (
  request: HandshakeRequest,
  callback: (error: Error | null, cors?: CorsOptions) => void,
) => void;
export type OriginFunction = (
  origin: string | undefined,
  callback: (error: Error | null, origin?: unknown) => void,
) => void;
export type GenerateId = (request: IncomingMessage) => string | Promise<string>;

/** What the application has set, read anew for each request. */
export interface HookSources {
  readonly allowRequest: AllowRequest | undefined;
  readonly generateId: GenerateId | undefined;
  readonly cors: unknown;
  readonly origins: unknown;
  readonly middleware: readonly EngineMiddleware[];
  /** Whether an open session has this id. */
  hasSession(sid: string): boolean;
  /** Tells the application of a request that was refused. */
  reportRefusal(request: EngineRequest, error: ConnectionError): void;
  listenerCount(event: string): number;
  emit(event: string, ...args: unknown[]): boolean;
}

/** A Connect-style function; the response takes headers and an end. */
export type EngineMiddleware = (request: any, response: any, next: (error?: unknown) => void) => void;

/** A handshake whose session never opens is forgotten after this. */
const FORGET_MS = 60_000;

export class RequestHooks {
  readonly #sources: HookSources;
  /** Requests seen by hooks, by the id of the session that they are to open. */
  readonly #seen = new Map<string, { readonly request: EngineRequest; readonly at: number }>();

  constructor(sources: HookSources) {
    this.#sources = sources;
  }

  /** Hooks in use, HOOK_*. */
  get bits(): number {
    const { allowRequest, generateId, cors, origins, middleware } = this.#sources;
    let bits = 0;
    if (allowRequest !== undefined) bits |= HOOK_ALLOW_REQUEST;
    if (generateId !== undefined) bits |= HOOK_GENERATE_ID;
    if (asksForCors(cors)) bits |= HOOK_CORS;
    if (typeof origins === 'function') bits |= HOOK_ORIGINS;
    if (middleware.length > 0) bits |= HOOK_MIDDLEWARE;
    if (this.#sources.listenerCount('headers') > 0) bits |= HOOK_HEADERS;
    if (this.#sources.listenerCount('initial_headers') > 0) bits |= HOOK_INITIAL_HEADERS;
    if (this.#sources.listenerCount('connection_error') > 0) bits |= HOOK_CONNECTION_ERROR;
    return bits;
  }

  /** The request that hooks have seen for this session, or a fresh one. */
  take(sid: string, make: () => EngineRequest): EngineRequest {
    const seen = this.#seen.get(sid);
    this.#seen.delete(sid);
    return seen?.request ?? make();
  }

  /** The session with this id never opens. */
  forget(sid: string): void {
    this.#seen.delete(sid);
  }

  /** Asks the application; errors that it throws count as a refusal of this request and surface as its own. */
  async judge(question: Question): Promise<Verdict> {
    const { info, hooks, sid } = question;
    const request = new EngineRequest(info);
    const response = (hooks & HOOK_MIDDLEWARE) === 0 ? undefined : new MiddlewareResponse(request);
    const said: Said = { cors: undefined, sid: '' };
    try {
      let refusal = await refusalOf(this.#decide(question, request, response, said));
      if (response !== undefined && !response.writableEnded) {
        response.statusCode = refusal?.answer.status ?? response.statusCode;
        const failure = await refusalOf(finish(response));
        if (refusal === undefined) refusal = failure;
        else this.#report(request, failure);
      }
      const headers = response?.headerList ?? [];
      if (refusal === undefined) {
        if ((hooks & (HOOK_HEADERS | HOOK_INITIAL_HEADERS)) !== 0)
          headers.push(...this.#emitHeaders(request, hooks, sid));
        return { ...said, headers: headers.filter(isFree) };
      }
      this.forget(said.sid);
      this.#report(request, refusal);
      return { headers: headers.filter(isFree), cors: said.cors, refusal: refusal.answer };
    } catch (error) {
      this.forget(said.sid);
      throw error;
    }
  }

  async #decide(
    { hooks, sid }: Question,
    request: EngineRequest,
    response: MiddlewareResponse | undefined,
    said: Said,
  ): Promise<void> {
    if (response !== undefined) await this.#runMiddleware(request, response);
    if ((hooks & HOOK_CORS) !== 0) said.cors = await this.#decideCors(request);
    if ((hooks & HOOK_ALLOW_REQUEST) !== 0) await this.#allow(request);
    else if ((hooks & HOOK_ORIGINS) !== 0) await this.#checkOrigins(request);
    if ((hooks & HOOK_GENERATE_ID) !== 0) said.sid = await this.#makeId(request);
    else if (sid !== '') said.sid = this.#remember(sid, request);
  }

  #report(request: EngineRequest, refusal: Refusal | undefined): void {
    if (refusal?.report !== undefined) this.#sources.reportRefusal(request, refusal.report);
  }

  #remember(sid: string, request: EngineRequest): string {
    const now = Date.now();
    for (const [old, { at }] of this.#seen) {
      if (now - at < FORGET_MS) break; // in order of time
      this.#seen.delete(old);
    }
    this.#seen.set(sid, { request, at: now });
    return sid;
  }

  #allow(request: EngineRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sources.allowRequest?.(request as unknown as IncomingMessage, (error, allow) =>
        allow ? resolve() : reject(forbidden(error)),
      );
    });
  }

  #checkOrigins(request: EngineRequest): Promise<void> {
    const { origin, referer } = request.headers as Record<string, string | undefined>;
    const decide = this.#sources.origins as OriginsFunction;
    return new Promise((resolve, reject) => {
      decide(originCandidate(origin, referer), (error, allow) => (allow ? resolve() : reject(forbidden(error))));
    });
  }

  /** An id of the application's making. One in use is refused: whoever has a session's id has the session. */
  async #makeId(request: EngineRequest): Promise<string> {
    let error: unknown;
    try {
      const id = String(await this.#sources.generateId?.(request as unknown as IncomingMessage));
      if (!ID.test(id))
        throw new TypeError(`Session id ${JSON.stringify(id)} is not 1 to 256 visible ASCII characters`);
      // Taken in the same step: another handshake may be given the same one in the next.
      if (!this.#seen.has(id) && !this.#sources.hasSession(id)) return this.#remember(id, request);
      error = new Error(`Session id ${id} is in use`);
    } catch (thrown) {
      error = thrown;
    }
    throw badRequest({ name: 'ID_GENERATION_ERROR', error });
  }

  /** The rule for this request. */
  async #decideCors(request: EngineRequest): Promise<CorsRule> {
    const { cors } = this.#sources;
    const given =
      typeof cors === 'function' ? await this.#askCors(cors as CorsFunction, request) : (cors as CorsOptions);
    const rule = resolveCors(given || { origin: false });
    if (rule === null || isAsk(rule)) throw new TypeError('The cors function must call back with an object');
    if (!isAsk(rule.origin)) return rule;
    return decideOrigin(rule, await this.#askOrigin(given?.origin as OriginFunction, request));
  }

  #askCors(decide: CorsFunction, request: EngineRequest): Promise<CorsOptions | undefined> {
    return new Promise((resolve, reject) => {
      decide(request, (error, options) => (error ? reject(badRequest(MIDDLEWARE_FAILURE)) : resolve(options)));
    });
  }

  #askOrigin(decide: OriginFunction, request: EngineRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      decide(request.headers.origin as string | undefined, (error, origin) =>
        error ? reject(badRequest(MIDDLEWARE_FAILURE)) : resolve(origin),
      );
    });
  }

  /**
   * Express-style functions, in order. One that fails, or ends the response itself, ends the request; one that fails
   * after it let the request through, as when a session could not be stored, is reported.
   */
  async #runMiddleware(request: EngineRequest, response: MiddlewareResponse): Promise<void> {
    for (const middleware of this.#sources.middleware) {
      await new Promise<void>((resolve, reject) => {
        let called = false;
        const ended = (): void => reject(new Refusal(answerOf(response), undefined));
        response.onEnd = ended;
        middleware(request, response, (error) => {
          if (!called) error ? reject(badRequest(MIDDLEWARE_FAILURE)) : resolve();
          else if (error) this.#report(request, badRequest({ ...MIDDLEWARE_FAILURE, error }));
          called = true;
        });
      });
    }
  }

  #emitHeaders(request: EngineRequest, hooks: number, sid: string): [string, string][] {
    const headers: Record<string, string> = {};
    if (sid !== '' && (hooks & HOOK_INITIAL_HEADERS) !== 0) this.#sources.emit('initial_headers', headers, request);
    if ((hooks & HOOK_HEADERS) !== 0) this.#sources.emit('headers', headers, request);
    return Object.entries(headers).flatMap(([name, value]) => [value].flat().map((each) => headerLine(name, each)));
  }
}

function asksForCors(cors: unknown): boolean {
  return typeof cors === 'function' || typeof (cors as { origin?: unknown } | undefined)?.origin === 'function';
}

/**
 * Middleware that waits for the answer gets its turn: sessions set their cookie and are stored. Resolves when the last of
 * them has let the response end.
 */
async function finish(response: MiddlewareResponse): Promise<void> {
  try {
    await new Promise<void>((resolve) => {
      response.onEnd = resolve;
      response.end();
    });
  } catch (error) {
    throw badRequest({ ...MIDDLEWARE_FAILURE, error });
  }
}

/** The refusal that a step ends with, if it does; other errors are the application's own. */
async function refusalOf(step: Promise<void>): Promise<Refusal | undefined> {
  try {
    await step;
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** What the application has decided. */
interface Said {
  cors: CorsRule | undefined;
  /** Id of the session that is to open; empty for none. */
  sid: string;
}

/** Thrown to end a request; `report` goes to `connection_error`. */
class Refusal {
  readonly answer: VerdictRefusal;
  readonly report: ConnectionError | undefined;

  constructor(answer: VerdictRefusal, report: ConnectionError | undefined) {
    this.answer = answer;
    this.report = report;
  }
}

/** @throws TypeError when a line break in it would begin a header, or an answer, of its own */
function headerLine(name: string, value: unknown): [string, string] {
  const text = String(value);
  validateHeaderName(name);
  validateHeaderValue(name, text);
  return [name, text];
}

/** Headers that say how an answer is sent; its sender alone knows that. */
const FRAMING: ReadonlySet<string> = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding']);
const isFree = ([name]: readonly [string, string]): boolean => !FRAMING.has(name.toLowerCase());

const JSON_TYPE = 'application/json';
const MIDDLEWARE_FAILURE: ErrorContext = { name: 'MIDDLEWARE_FAILURE' };
/** Ids travel in URLs, headers and records of fixed room. */
const ID = /^[\x21-\x7e]{1,256}$/;

/** For a request that ran into an error of the application. */
export const INTERNAL_ERROR: VerdictRefusal = {
  status: 400,
  socketStatus: 400,
  contentType: JSON_TYPE,
  body: connectionErrorBody(BAD_REQUEST),
  text: CONNECTION_ERRORS[BAD_REQUEST],
};

const badRequest = (context: ErrorContext): Refusal => new Refusal(INTERNAL_ERROR, { code: BAD_REQUEST, context });

/** Whatever the application says is the message; nothing is `Forbidden`. */
function forbidden(error: unknown): Refusal {
  const message = error === undefined || error === null || error === '' ? CONNECTION_ERRORS[FORBIDDEN] : error;
  const body = JSON.stringify({ code: FORBIDDEN, message });
  return new Refusal(
    { status: 403, socketStatus: 400, contentType: JSON_TYPE, body, text: String(message) },
    { code: FORBIDDEN, context: { message: error } },
  );
}

/** What a middleware answered. */
function answerOf({ statusCode, body }: MiddlewareResponse): VerdictRefusal {
  return { status: statusCode, socketStatus: statusCode, body, text: body };
}
