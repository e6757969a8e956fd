/**
 * What every request must pass before the engine sees it: origin rules, CORS, and the application's own hooks, for which
 * the app thread is asked while the request is parked. I/O thread; a request that asks nothing passes at once.
 */
import { BAD_REQUEST, CONNECTION_ERRORS, FORBIDDEN } from '../../wire/connection-errors.ts';
import { admitsOrigin, corsHeaders, decideOrigin } from '../../wire/cors.ts';
import { isAsk, isValidOrigin, NO_CORS } from '../../wire/origin-header.ts';
import { isOriginAllowed, type OriginsRule, originCandidate, originsHeaders } from '../../wire/origins.ts';
import type { RequestInfo } from '../../wire/request-info.ts';
import type { ServerSpec } from '../segment.ts';
import { type HttpAnswer, refusal } from './exchange.ts';

/** What only the app thread can decide; a bit set. */
export const HOOK_ALLOW_REQUEST = 1;
export const HOOK_GENERATE_ID = 2;
/** The `cors` option, or its origin, is a function. */
export const HOOK_CORS = 4;
/** The `origins` option is a function. */
export const HOOK_ORIGINS = 8;
/** `engine.use()` was called. */
export const HOOK_MIDDLEWARE = 16;
/** Somebody listens to `headers`. */
export const HOOK_HEADERS = 32;
/** Somebody listens to `initial_headers`. */
export const HOOK_INITIAL_HEADERS = 64;
/** Somebody listens to `connection_error`. */
export const HOOK_CONNECTION_ERROR = 128;

const HANDSHAKE_HOOKS = HOOK_ALLOW_REQUEST | HOOK_GENERATE_ID | HOOK_ORIGINS | HOOK_INITIAL_HEADERS;
const REQUEST_HOOKS = HOOK_CORS | HOOK_MIDDLEWARE | HOOK_HEADERS;

export type HeaderList = readonly (readonly [name: string, value: string])[];

/** What the app thread answers. */
export interface Verdict {
  /** Headers for the answer, whatever it is. */
  readonly headers: HeaderList;
  /** The `cors` rule's origin as decided for this request, when it asked. */
  readonly corsOrigin?: unknown;
  /** A refusal; `text` is for WebSocket requests. */
  readonly refusal?: { readonly status: number; readonly code: number; readonly body: string; readonly text: string };
  /** Session id made by the application. */
  readonly sid?: string;
}

export interface Question {
  readonly server: number;
  readonly info: RequestInfo;
  /** Hooks that apply, HOOK_*. */
  readonly hooks: number;
  /** Id of the session that the request opens, unless the application makes another. */
  readonly sid: string;
}

export type AskApp = (question: Question, callback: (verdict: Verdict) => void) => void;

/** How a request came through. */
export interface Passed {
  readonly headers: HeaderList;
  /** Id for the session it opens; empty when it opens none. */
  readonly sid: string;
}

const NO_VERDICT: Verdict = { headers: [] };

export class Gate {
  readonly #spec: ServerSpec;
  readonly #ask: AskApp;
  /** Hooks in use now; the application may add some while it runs. */
  hooks: number;
  origins: OriginsRule | null;

  constructor(spec: ServerSpec, ask: AskApp) {
    this.#spec = spec;
    this.#ask = ask;
    this.hooks = spec.hooks;
    this.origins = spec.origins;
  }

  /**
   * Lets a request through or refuses it.
   *
   * @param sid a fresh id when the request opens a session, else empty
   * @param upgrade asks for a WebSocket, which CORS headers do not stop: a foreign origin is refused
   * @param refuse gets the answer, and the text for a WebSocket request
   */
  pass(
    info: RequestInfo,
    sid: string,
    upgrade: boolean,
    admit: (passed: Passed) => void,
    refuse: (answer: HttpAnswer, headers: HeaderList, text: string) => void,
  ): void {
    const origin = single(info.headers.origin);
    if (origin !== undefined && !isValidOrigin(origin)) {
      refuse(refusal(BAD_REQUEST), [], CONNECTION_ERRORS[BAD_REQUEST]);
      return;
    }
    const hooks = this.hooks & (sid === '' ? REQUEST_HOOKS : REQUEST_HOOKS | HANDSHAKE_HOOKS);
    const decide = (verdict: Verdict): void => this.#decide(info, sid, upgrade, verdict, admit, refuse);
    if (hooks === 0) decide(NO_VERDICT);
    else this.#ask({ server: this.#spec.server, info, hooks, sid }, decide);
  }

  #decide(
    info: RequestInfo,
    sid: string,
    upgrade: boolean,
    verdict: Verdict,
    admit: (passed: Passed) => void,
    refuse: (answer: HttpAnswer, headers: HeaderList, text: string) => void,
  ): void {
    const { origin, host, referer } = info.headers;
    const { cors } = this.#spec;
    const { origins } = this;
    const request = {
      method: info.method,
      origin: single(origin),
      requestHeaders: single(info.headers['access-control-request-headers']),
    };
    const headers = [...verdict.headers];
    let endStatus = 0;
    if (cors !== null && !isAsk(cors)) {
      const rule = isAsk(cors.origin) ? decideOrigin(cors, verdict.corsOrigin) : cors;
      const answer = corsHeaders(rule, request);
      headers.push(...answer.headers);
      endStatus = answer.endStatus;
      if (upgrade && !admitsOrigin(rule, request.origin, single(host))) {
        refuse(refusal(FORBIDDEN, 403), headers, CONNECTION_ERRORS[FORBIDDEN]);
        return;
      }
    }
    if (origins !== null) {
      const allowed = isAsk(origins) || isOriginAllowed(origins, originCandidate(request.origin, single(referer)));
      // `allowRequest` replaces the check, as it always did.
      if (!allowed && sid !== '' && (this.hooks & HOOK_ALLOW_REQUEST) === 0) {
        refuse(refusal(FORBIDDEN, 403), headers, CONNECTION_ERRORS[FORBIDDEN]);
        return;
      }
      // With the `cors` option too, that one says what browsers are told.
      const tells = allowed && verdict.refusal === undefined && cors === null;
      const answer = tells ? originsHeaders(request) : NO_CORS;
      headers.push(...answer.headers);
      endStatus ||= answer.endStatus;
    }
    if (verdict.refusal !== undefined) {
      const { status, code, body, text } = verdict.refusal;
      refuse({ status, contentType: 'application/json', body, code }, headers, text);
    } else if (endStatus !== 0 && !upgrade) {
      refuse({ status: endStatus }, headers, '');
    } else {
      admit({ headers, sid: verdict.sid ?? sid });
    }
  }
}

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
