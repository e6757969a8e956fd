/**
 * What every request must pass before the engine sees it: origin rules, CORS, and the application's own hooks, for which
 * the app thread is asked while the request is parked. I/O thread; a request that asks nothing passes at once.
 */
import { clientNetwork } from '../../wire/address.ts';
import { BAD_REQUEST, CONNECTION_ERRORS, type ErrorContext, FORBIDDEN } from '../../wire/connection-errors.ts';
import { admitsOrigin, type CorsRule, corsHeaders } from '../../wire/cors.ts';
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

/** Asked about when a session is to open. */
const HANDSHAKE_HOOKS = HOOK_ALLOW_REQUEST | HOOK_GENERATE_ID | HOOK_ORIGINS | HOOK_INITIAL_HEADERS;
/** Asked about with every request. */
const REQUEST_HOOKS = HOOK_CORS | HOOK_MIDDLEWARE | HOOK_HEADERS;

export type HeaderList = readonly (readonly [name: string, value: string])[];

/** The application's own refusal of a request. */
export interface VerdictRefusal {
  readonly status: number;
  /** The same for a WebSocket request. */
  readonly socketStatus: number;
  readonly contentType?: string;
  readonly body: string;
  /** Body for a WebSocket request. */
  readonly text: string;
}

/** What the app thread answers. */
export interface Verdict {
  /** Headers for the answer, whatever it is. */
  readonly headers: HeaderList;
  /** The `cors` rule as decided for this request, when it asked. */
  readonly cors?: CorsRule;
  /** A refusal; the app thread reports it itself. */
  readonly refusal?: VerdictRefusal;
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

/** How it did not. */
export interface Refused {
  readonly answer: HttpAnswer;
  readonly headers: HeaderList;
  /** Status and body for a WebSocket request. */
  readonly socketStatus: number;
  readonly text: string;
  /** Id that the app thread made for the session that now never opens. */
  readonly sid?: string;
}

const NO_VERDICT: Verdict = { headers: [] };
const TOO_MANY = 'Too many connections without a namespace';

export class Gate {
  readonly #spec: ServerSpec;
  readonly #ask: AskApp;
  /** Hooks in use now; the application may add some while it runs. */
  hooks: number;
  origins: OriginsRule | null;
  /** Addresses that may open no more sessions for now; null stands for all. */
  readonly #blocked = new Set<string | null>();

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
   */
  pass(
    info: RequestInfo,
    sid: string,
    upgrade: boolean,
    admit: (passed: Passed) => void,
    refuse: (refused: Refused) => void,
  ): void {
    const origin = single(info.headers.origin);
    if (origin !== undefined && !isValidOrigin(origin)) {
      refuse(refused(BAD_REQUEST, { name: 'INVALID_ORIGIN', origin }, 400, []));
      return;
    }
    if (sid !== '' && this.#blocked.size > 0) {
      const status = this.#blocked.has(null) ? 503 : this.#blocked.has(clientNetwork(info.address)) ? 429 : 0;
      if (status !== 0) {
        refuse(tooMany(status, TOO_MANY));
        return;
      }
    }
    const hooks = this.hooks & (sid === '' ? REQUEST_HOOKS : REQUEST_HOOKS | HANDSHAKE_HOOKS);
    const decide = (verdict: Verdict): void => this.#decide(info, sid, upgrade, verdict, admit, refuse);
    if (hooks === 0) decide(NO_VERDICT);
    else this.#ask({ server: this.#spec.server, info, hooks, sid }, decide);
  }

  /** More strangers of this network, of all with null, are let in no longer, or again. */
  blockStrangers(network: string | null, blocked: boolean): void {
    if (blocked) this.#blocked.add(network);
    else this.#blocked.delete(network);
  }

  #decide(
    info: RequestInfo,
    sid: string,
    upgrade: boolean,
    verdict: Verdict,
    admit: (passed: Passed) => void,
    refuse: (refused: Refused) => void,
  ): void {
    const turnAway = (how: Refused): void => refuse({ ...how, sid: verdict.sid });
    const { origin, host, referer } = info.headers;
    const cors = verdict.cors ?? this.#spec.cors;
    const { origins } = this;
    const request = {
      method: info.method,
      origin: single(origin),
      requestHeaders: single(info.headers['access-control-request-headers']),
    };
    const headers = [...verdict.headers];
    let endStatus = 0;
    if (cors !== null && !isAsk(cors)) {
      const answer = corsHeaders(cors, request);
      headers.push(...answer.headers);
      endStatus = answer.endStatus;
      if (upgrade && !admitsOrigin(cors, request.origin, single(host))) {
        turnAway(refused(FORBIDDEN, { message: CONNECTION_ERRORS[FORBIDDEN] }, 403, headers));
        return;
      }
    }
    if (origins !== null) {
      const allowed = isAsk(origins) || isOriginAllowed(origins, originCandidate(request.origin, single(referer)));
      // `allowRequest` replaces the check, as it always did.
      if (!allowed && sid !== '' && (this.hooks & HOOK_ALLOW_REQUEST) === 0) {
        turnAway(refused(FORBIDDEN, { message: CONNECTION_ERRORS[FORBIDDEN] }, 403, headers));
        return;
      }
      // With the `cors` option too, that one says what browsers are told.
      const tells = allowed && verdict.refusal === undefined && cors === null;
      const answer = tells ? originsHeaders(request) : NO_CORS;
      headers.push(...answer.headers);
      endStatus ||= answer.endStatus;
    }
    if (verdict.refusal !== undefined) {
      const { status, socketStatus, contentType, body, text } = verdict.refusal;
      turnAway({ answer: { status, contentType, body }, headers, socketStatus, text });
    } else if (endStatus !== 0 && !upgrade) {
      turnAway({ answer: { status: endStatus }, headers, socketStatus: endStatus, text: '' });
    } else {
      admit({ headers, sid: verdict.sid ?? sid });
    }
  }
}

function refused(code: number, context: ErrorContext, status: number, headers: HeaderList): Refused {
  return { answer: refusal(code, context, status), headers, socketStatus: 400, text: CONNECTION_ERRORS[code] };
}

/** A request that opens a session for which there is no room. */
export function tooMany(status: number, message: string): Refused {
  const body = JSON.stringify({ code: FORBIDDEN, message });
  const answer = { status, contentType: 'application/json', body, code: FORBIDDEN, context: { message }, close: true };
  return { answer, headers: [], socketStatus: status, text: message };
}

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
