/**
 * The `cors` option: who may read answers from another origin, and the headers that say so (BEHAVIOUR 2.7).
 * The app thread resolves the option, I/O threads make the headers of each answer, a WebSocket's included.
 * Nothing is sent unless the option was given. User functions are not called here: where one decides, the rule says `ask`.
 */
import { EngineError } from '../errors.ts';
import {
  ASK,
  type Ask,
  type CorsAnswer,
  type CorsRequest,
  isAsk,
  isValidOrigin,
  NO_CORS,
  parseOrigin,
} from './origin-header.ts';

/** A value that is allowed as it is (string), by pattern, or for any origin (true). @since Socket.IO 3 */
export type OriginMatcher = boolean | string | RegExp;

/**
 * The `cors` option as an object; defaults and meaning are those of the Express middleware of that name.
 * @since Socket.IO 3
 */
export interface CorsOptions {
  /** `'*'` any; a string that one; true whoever asks; false none at all; a list what one of it allows; or a function. @default '*' */
  origin?: OriginMatcher | readonly OriginMatcher[] | ((...args: any[]) => void);
  /** Methods that pages may use. @default 'GET,HEAD,PUT,PATCH,POST,DELETE' */
  methods?: string | readonly string[];
  /** Request headers that pages may send. @default the ones the browser asks for */
  allowedHeaders?: string | readonly string[];
  /** Other name of `allowedHeaders`. */
  headers?: string | readonly string[];
  /** Headers of answers that pages may read. @default none */
  exposedHeaders?: string | readonly string[];
  /** Whether pages may send cookies along. @default false */
  credentials?: boolean;
  /** Seconds a browser may keep the answer to a preflight request. */
  maxAge?: number | string;
  /** Whether OPTIONS requests go on to the engine. @default false */
  preflightContinue?: boolean;
  /** Status of an answered OPTIONS request, 200 to 599. @default 204 */
  optionsSuccessStatus?: number;
}

/** False none, `'*'` any, a string that one, a list reflects what it matches. */
export type OriginRule = false | string | readonly OriginMatcher[] | Ask;

/** Plain data, so it can be sent to other threads. */
export interface CorsRule {
  readonly origin: OriginRule;
  /** Empty for no header; so below. */
  readonly methods: string;
  /** Null reflects what is asked for. */
  readonly allowedHeaders: string | null;
  readonly exposedHeaders: string;
  readonly credentials: boolean;
  readonly maxAge: string;
  readonly preflightContinue: boolean;
  readonly optionsSuccessStatus: number;
}

const DEFAULT_METHODS = 'GET,HEAD,PUT,PATCH,POST,DELETE';
const DEFAULT_OPTIONS_STATUS = 204;

/** Space to tilde: what may stand in a header without changing its meaning. */
const HEADER_TEXT = /^[\x20-\x7e]*$/;

const KNOWN: ReadonlySet<string> = new Set<keyof CorsOptions>([
  'origin',
  'methods',
  'allowedHeaders',
  'headers',
  'exposedHeaders',
  'credentials',
  'maxAge',
  'preflightContinue',
  'optionsSuccessStatus',
]);

/**
 * Reads the option.
 *
 * @param option falsy for none; true for all defaults; an object; or a function from request to object
 * @returns null when no CORS header is ever sent; `ask` when the app thread has to be asked for the object
 * @throws ERR_OPTION_INVALID naming field, value and what is allowed
 * @throws ERR_OPTION_UNKNOWN for an unknown field
 */
export function resolveCors(option: unknown): CorsRule | Ask | null {
  if (!option) return null;
  if (typeof option === 'function') return ASK;
  if (option !== true && typeof option !== 'object') throw invalid('cors', option, 'true, an object or a function');
  const given: CorsOptions = option === true ? {} : option;
  for (const name of Object.keys(given)) {
    if (KNOWN.has(name)) continue;
    throw new EngineError('ERR_OPTION_UNKNOWN', `option cors.${name} is not known; known are ${[...KNOWN].join(', ')}`);
  }
  const allowed = given.allowedHeaders || given.headers;
  return Object.freeze({
    // A key that is there without a value, such as an unset variable, closes: only a missing key means any.
    origin: Object.hasOwn(given, 'origin') ? resolveOrigin(given.origin) : '*',
    methods: list('methods', given.methods ?? DEFAULT_METHODS),
    allowedHeaders: allowed ? list('allowedHeaders', allowed) : null,
    exposedHeaders: list('exposedHeaders', given.exposedHeaders ?? ''),
    credentials: bool('credentials', given.credentials),
    maxAge: seconds(given.maxAge),
    preflightContinue: bool('preflightContinue', given.preflightContinue),
    optionsSuccessStatus: status(given.optionsSuccessStatus),
  });
}

/**
 * The rule with its origin decided, for one request.
 *
 * @param decision what the user's `origin` function called back with; falsy for none
 * @throws ERR_OPTION_INVALID when that is nothing an origin can be
 */
export function decideOrigin(rule: CorsRule, decision: unknown): CorsRule {
  const origin = resolveOrigin(decision);
  if (isAsk(origin)) throw invalid('cors.origin', decision, 'a value, not another function');
  return { ...rule, origin };
}

/**
 * The headers of one answer. An `Origin` with other than visible ASCII counts as none and is never echoed.
 *
 * @param rule its origin decided; one that still asks, or allows none, gives no headers
 */
export function corsHeaders(rule: CorsRule, request: CorsRequest): CorsAnswer {
  if (rule.origin === false || isAsk(rule.origin)) return NO_CORS;
  const headers: [string, string][] = [];
  const add = (name: string, value: string): void => {
    if (value !== '') headers.push([name, value]);
  };
  const vary: string[] = [];
  if (typeof rule.origin === 'string') {
    add('Access-Control-Allow-Origin', rule.origin);
    if (rule.origin !== '*') vary.push('Origin');
  } else {
    const origin = isValidOrigin(request.origin) ? request.origin : undefined;
    if (origin !== undefined && matches(rule.origin, origin)) add('Access-Control-Allow-Origin', origin);
    vary.push('Origin');
  }
  if (rule.credentials) add('Access-Control-Allow-Credentials', 'true');
  const preflight = request.method.toUpperCase() === 'OPTIONS';
  if (preflight) {
    add('Access-Control-Allow-Methods', rule.methods);
    if (rule.allowedHeaders === null) vary.push('Access-Control-Request-Headers');
    add('Access-Control-Allow-Headers', rule.allowedHeaders ?? echo(request.requestHeaders));
    add('Access-Control-Max-Age', rule.maxAge);
  }
  add('Access-Control-Expose-Headers', rule.exposedHeaders);
  add('Vary', vary.join(', '));
  return { headers, endStatus: preflight && !rule.preflightContinue ? rule.optionsSuccessStatus : 0 };
}

/**
 * Whether a page of this origin may hold a connection. CORS headers do not stop a WebSocket, so it has to be refused.
 *
 * @param rule its origin decided; one that still asks admits nobody from elsewhere
 * @param origin header `Origin`; clients other than browsers send none and are admitted
 * @param host header `Host`: a page from this very server is never foreign, on whatever scheme a proxy in front speaks
 */
export function admitsOrigin(rule: CorsRule, origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  if (!isValidOrigin(origin)) return false;
  const allowed = rule.origin;
  if (typeof allowed === 'string' && (allowed === '*' || allowed === origin)) return true;
  if (Array.isArray(allowed) && matches(allowed, origin)) return true;
  return host !== undefined && isSameHost(origin, host);
}

function isSameHost(origin: string, host: string): boolean {
  const from = parseOrigin(origin);
  if (from === null) return false;
  const to = parseOrigin(`${from.protocol}//${host}`);
  return to !== null && to.host === from.host && to.port === from.port;
}

function matches(list: readonly OriginMatcher[], origin: string): boolean {
  return list.some((entry) => {
    if (typeof entry === 'boolean') return entry;
    if (typeof entry === 'string') return entry === origin;
    entry.lastIndex = 0; // patterns with flag g or y remember where they stopped
    return entry.test(origin);
  });
}

function resolveOrigin(origin: unknown): OriginRule {
  if (!origin) return false;
  if (typeof origin === 'function') return ASK;
  if (typeof origin === 'string') return originText(origin);
  const entries: unknown[] = Array.isArray(origin) ? origin.flat(Number.POSITIVE_INFINITY) : [origin];
  return entries.map((entry) => {
    if (typeof entry === 'boolean') return entry;
    if (typeof entry === 'string') return originText(entry);
    if (entry instanceof RegExp) return new RegExp(entry); // a copy: matching writes to it
    throw invalid('cors.origin', entry, 'a string, a RegExp, true, false, a list of these, or a function');
  });
}

function originText(text: string): string {
  if (HEADER_TEXT.test(text)) return text;
  throw invalid('cors.origin', text, 'printable ASCII');
}

function list(name: string, value: unknown): string {
  const text = Array.isArray(value) ? value.join(',') : value;
  if (typeof text === 'string' && HEADER_TEXT.test(text)) return text;
  throw invalid(`cors.${name}`, value, 'a list of names, or a string of them, in printable ASCII');
}

function bool(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw invalid(`cors.${name}`, value, 'true or false');
}

function seconds(value: unknown): string {
  if (value === undefined || value === null || value === '') return '';
  const text = String(value);
  if ((typeof value === 'number' || typeof value === 'string') && /^-?\d{1,10}$/.test(text)) return text;
  throw invalid('cors.maxAge', value, 'a whole number of seconds');
}

function status(value: unknown): number {
  if (value === undefined) return DEFAULT_OPTIONS_STATUS;
  if (Number.isInteger(value) && (value as number) >= 200 && (value as number) <= 599) return value as number;
  throw invalid('cors.optionsSuccessStatus', value, 'a status from 200 to 599');
}

/** What a client asks for goes back only when it is harmless in a header. */
function echo(requested: string | undefined): string {
  return requested !== undefined && HEADER_TEXT.test(requested) ? requested : '';
}

function invalid(name: string, value: unknown, expected: string): EngineError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new EngineError('ERR_OPTION_INVALID', `option ${name} is ${shown}, expected ${expected}`);
}
