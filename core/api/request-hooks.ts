/**
 * The application's say in requests: `allowRequest`, `origins` and `cors` functions, `generateId`, middleware, header
 * events. App thread; an I/O thread has parked the request and waits for the verdict.
 */
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
} from '../agents/io/gate.ts';
import type { AllowRequest } from '../options.ts';
import { BAD_REQUEST, CONNECTION_ERRORS, connectionErrorBody, FORBIDDEN } from '../wire/connection-errors.ts';
import { type CorsOptions, corsHeaders, decideOrigin, resolveCors } from '../wire/cors.ts';
import { isAsk } from '../wire/origin-header.ts';
import { originCandidate } from '../wire/origins.ts';
import type { HandshakeRequest } from '../wire/request-info.ts';
import { EngineRequest } from './handshake-request.ts';

export type OriginsFunction = (origin: string, callback: (error: string | null, allow: boolean) => void) => void;
export type CorsFunction = (
  request: HandshakeRequest,
  callback: (error: Error | null, cors?: CorsOptions) => void,
) => void;
export type OriginFunction = (
  origin: string | undefined,
  callback: (error: Error | null, origin?: unknown) => void,
) => void;
export type GenerateId = (request: HandshakeRequest) => string | Promise<string>;

/** What the application has set, read anew for each request. */
export interface HookSources {
  readonly allowRequest: AllowRequest | undefined;
  readonly generateId: GenerateId | undefined;
  readonly cors: unknown;
  readonly origins: unknown;
  readonly middleware: readonly EngineMiddleware[];
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

  /** Asks the application; errors that it throws count as a refusal of this request and surface as its own. */
  async judge({ info, hooks, sid }: Question): Promise<Verdict> {
    const request = new EngineRequest(info);
    const headers: [string, string][] = [];
    let corsOrigin: unknown;
    if ((hooks & HOOK_MIDDLEWARE) !== 0) {
      const failed = await this.#runMiddleware(request, headers);
      if (failed) return { headers, refusal: refuse(400, BAD_REQUEST) };
    }
    if ((hooks & HOOK_CORS) !== 0) corsOrigin = await this.#decideCors(request, headers);
    if ((hooks & HOOK_ALLOW_REQUEST) !== 0) {
      const refusal = await this.#allow(request);
      if (refusal !== undefined) return { headers, corsOrigin, refusal };
    } else if ((hooks & HOOK_ORIGINS) !== 0) {
      const refusal = await this.#checkOrigins(request);
      if (refusal !== undefined) return { headers, corsOrigin, refusal };
    }
    let id = sid;
    if ((hooks & HOOK_GENERATE_ID) !== 0) {
      try {
        id = String(await this.#sources.generateId?.(request));
      } catch {
        return { headers, corsOrigin, refusal: refuse(400, BAD_REQUEST) };
      }
    }
    if ((hooks & (HOOK_HEADERS | HOOK_INITIAL_HEADERS)) !== 0) headers.push(...this.#emitHeaders(request, hooks, sid));
    if (sid !== '') this.#remember(id, request);
    return { headers, corsOrigin, sid: id };
  }

  #remember(sid: string, request: EngineRequest): void {
    const now = Date.now();
    for (const [old, { at }] of this.#seen) {
      if (now - at < FORGET_MS) break; // in order of time
      this.#seen.delete(old);
    }
    this.#seen.set(sid, { request, at: now });
  }

  #allow(request: EngineRequest): Promise<Verdict['refusal']> {
    return new Promise((resolve) => {
      this.#sources.allowRequest?.(request, (error, allow) => {
        if (allow) resolve(undefined);
        else resolve(forbidden(error));
      });
    });
  }

  #checkOrigins(request: EngineRequest): Promise<Verdict['refusal']> {
    const { origin, referer } = request.headers as Record<string, string | undefined>;
    return new Promise((resolve) => {
      (this.#sources.origins as OriginsFunction)(originCandidate(origin, referer), (error, allow) => {
        resolve(allow ? undefined : forbidden(error));
      });
    });
  }

  /** Headers of a `cors` function go out as they are; an `origin` function only decides the origin. */
  async #decideCors(request: EngineRequest, headers: [string, string][]): Promise<unknown> {
    const { cors } = this.#sources;
    if (typeof cors === 'function') {
      const given = await new Promise<CorsOptions | undefined>((resolve) => {
        (cors as CorsFunction)(request, (error, options) => resolve(error ? undefined : options));
      });
      let rule = resolveCors(given ?? { origin: false });
      if (rule === null || isAsk(rule)) return undefined;
      if (isAsk(rule.origin))
        rule = decideOrigin(rule, await this.#askOrigin(given?.origin as OriginFunction, request));
      const { origin, 'access-control-request-headers': requestHeaders } = request.headers as Record<string, string>;
      for (const [name, value] of corsHeaders(rule, { method: request.method, origin, requestHeaders }).headers) {
        headers.push([name, value]);
      }
      return undefined;
    }
    return this.#askOrigin((cors as { origin: OriginFunction }).origin, request);
  }

  #askOrigin(decide: OriginFunction, request: EngineRequest): Promise<unknown> {
    return new Promise((resolve) => {
      decide(request.headers.origin as string | undefined, (error, origin) => resolve(error ? false : origin));
    });
  }

  /** Express-style functions, in order; true when one failed or ended the response. */
  async #runMiddleware(request: EngineRequest, headers: [string, string][]): Promise<boolean> {
    const response = new MiddlewareResponse(headers);
    for (const middleware of this.#sources.middleware) {
      const failed = await new Promise<boolean>((resolve) => {
        response.onEnd = () => resolve(true);
        middleware(request, response, (error) => resolve(error !== undefined && error !== null));
      });
      if (failed) return true;
    }
    return false;
  }

  #emitHeaders(request: EngineRequest, hooks: number, sid: string): [string, string][] {
    const headers: Record<string, string> = {};
    if (sid !== '' && (hooks & HOOK_INITIAL_HEADERS) !== 0) this.#sources.emit('initial_headers', headers, request);
    if ((hooks & HOOK_HEADERS) !== 0) this.#sources.emit('headers', headers, request);
    return Object.entries(headers).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((each): [string, string] => [name, String(each)]),
    );
  }
}

/** What session and cookie middleware use of a response: headers until the engine answers. */
class MiddlewareResponse {
  onEnd: () => void = () => {};
  readonly #headers: [string, string][];

  constructor(headers: [string, string][]) {
    this.#headers = headers;
  }

  setHeader(name: string, value: string | number | readonly string[]): this {
    this.removeHeader(name);
    for (const each of Array.isArray(value) ? value : [value]) this.#headers.push([name, String(each)]);
    return this;
  }

  getHeader(name: string): string | string[] | undefined {
    const found = this.#headers.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
    return found.length > 1 ? found : found[0];
  }

  removeHeader(name: string): void {
    for (let i = this.#headers.length - 1; i >= 0; i--) {
      if (this.#headers[i][0].toLowerCase() === name.toLowerCase()) this.#headers.splice(i, 1);
    }
  }

  writeHead(_status: number, headers: Record<string, string> = {}): this {
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
    return this;
  }

  write(): boolean {
    return true;
  }

  /** Ends the request: it is refused. */
  end(): void {
    this.onEnd();
  }
}

function asksForCors(cors: unknown): boolean {
  return typeof cors === 'function' || typeof (cors as { origin?: unknown } | undefined)?.origin === 'function';
}

const refuse = (status: number, code: number): NonNullable<Verdict['refusal']> => ({
  status,
  code,
  body: connectionErrorBody(code),
  text: CONNECTION_ERRORS[code],
});

/** Whatever the application says is the message; nothing is `Forbidden`. */
function forbidden(error: unknown): NonNullable<Verdict['refusal']> {
  const message = error === undefined || error === null || error === '' ? CONNECTION_ERRORS[FORBIDDEN] : error;
  return { status: 403, code: FORBIDDEN, body: JSON.stringify({ code: FORBIDDEN, message }), text: String(message) };
}
