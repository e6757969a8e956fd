/**
 * Options as given and as filled. Every rule is a row of a table; the environment is read here and nowhere else.
 * Worker threads get resolved options only.
 */
import { availableParallelism } from 'node:os';
import { slotRanges } from './agents/slot-ranges.ts';
import { EngineError } from './errors.ts';
import { MAX_IO_THREADS, MAX_RECORD_FRACTION } from './shm/layout.ts';
import { type CookieOptions, type CookieRule, resolveCookie } from './wire/cookie.ts';
import { type CorsOptions, type CorsRule, resolveCors } from './wire/cors.ts';
import { type HttpCompressionOptions, type HttpCompressionRule, resolveHttpCompression } from './wire/encoding.ts';
import { type DeflateRule, type PerMessageDeflateOptions, resolvePerMessageDeflate } from './wire/message-deflate.ts';
import type { Ask } from './wire/origin-header.ts';
import { type OriginsRule, resolveOrigins } from './wire/origins.ts';
import type { HandshakeRequest } from './wire/request-info.ts';

/** Sizes of the machinery; the threads of a process are shared by Servers with equal tuning. */
export interface TuningOptions {
  /** I/O threads, 1 to 8. Environment `BROADSIDE_IO_THREADS`. @default available parallelism − 1, at least 1 */
  ioThreads?: number;
  /** Sessions at most, of all Servers that share the threads, 1 to 1,000,000; further ones get status 503. Environment `BROADSIDE_MAX_CONNECTIONS`. @default 100000 */
  maxConnections?: number;
  /** Bytes of the broadcast log, a power of two from 2 MiB to 1 GiB. Environment `BROADSIDE_LOG_BYTES`. @default 4194304 */
  logBytes?: number;
  /** Bytes of each ring between two threads, a power of two from 1 MiB to 1 GiB. Environment `BROADSIDE_RING_BYTES`. @default 4194304 */
  ringBytes?: number;
  /** Records an I/O thread takes in one batch, 1 to 4096. Environment `BROADSIDE_BATCH_RECORDS`. @default 1024 */
  batchRecords?: number;
  /** Microseconds an I/O thread may wait for a batch to grow, 0 to 100000; 0 writes at once. Environment `BROADSIDE_FLUSH_US`. @default 0 */
  flushUs?: number;
}

export type TransportName = 'polling' | 'websocket';

/** TLS on the own port, as Node's https server takes it, or as files. */
export interface TlsOptions {
  /** Private key, PEM. */
  key?: string | Uint8Array;
  /** Certificate chain, PEM. */
  cert?: string | Uint8Array;
  /** Certificates of authorities, PEM. */
  ca?: string | Uint8Array;
  /** Of the private key. */
  passphrase?: string;
  /** Diffie-Hellman parameters, PEM. */
  dhparam?: string | Uint8Array;
  /** OpenSSL cipher list. */
  ciphers?: string;
  /** Path of the private key's file, instead of `key`. */
  keyFile?: string;
  /** Path of the certificate's file, instead of `cert`. */
  certFile?: string;
  /** Path of the file of authorities, instead of `ca`. */
  caFile?: string;
}

const TLS_OPTION_NAMES = [
  'key',
  'cert',
  'ca',
  'passphrase',
  'dhparam',
  'ciphers',
  'keyFile',
  'certFile',
  'caFile',
] as const satisfies readonly (keyof TlsOptions)[];

/** Decides on a handshake; `decide(error, allow)` may come later. Replaces the check of `origins`. */
export type AllowRequest = (
  request: HandshakeRequest,
  decide: (error: string | number | null | undefined, allow: boolean) => void,
) => void;

/** Options of one Server. Names and units follow the Socket.IO server API. */
export interface ServerOptions extends TuningOptions, TlsOptions {
  /** Path of all requests. @default '/socket.io' */
  path?: string;
  /** Milliseconds between heartbeats, 1 to 2^31 − 1. @default 25000 */
  pingInterval?: number;
  /** Milliseconds a heartbeat may stay unanswered, 1 to 2^31 − 1. @default 60000 */
  pingTimeout?: number;
  /** Bytes of one client message at most, 1 to 1 GiB; a larger one closes its connection. @default 1000000 */
  maxHttpBufferSize?: number;
  /** Milliseconds a connection may stay without a namespace, 1 to 2^31 − 1. @default 45000 */
  connectTimeout?: number;
  /** Milliseconds each 16 KiB of a post's body may take, 1 to 2^31 − 1; then it gets status 408 and its session ends. @default 20000 */
  bodyTimeout?: number;
  /** Bytes of a request's URL, query included, 64 to 16384, the limit of a whole head; a longer one gets status 414. @default 8192 */
  maxUrlBytes?: number;
  /** Sessions that have not joined a namespace yet, 1 to 1,000,000; further handshakes get status 503. @default 10000 */
  maxPending?: number;
  /** The same for one client address, or the proxy's in front; further handshakes get status 429. @default 1000 */
  maxPendingPerAddress?: number;
  /** Bytes that may wait to be sent to one client; with more waiting, the next packet closes it. 1024 to 4 GiB. @default 16777216 */
  maxClientBufferBytes?: number;
  /** Whether Engine.IO 3 clients (Socket.IO 1.x and 2.x) are served. @default true */
  allowEIO3?: boolean;
  /** Transports that clients may use; the order has no meaning. @default ['polling', 'websocket'] */
  transports?: readonly TransportName[];
  /** Whether clients that poll are told that they may upgrade. @default true */
  allowUpgrades?: boolean;
  /** Milliseconds an upgrade may take, 1 to 2^31 − 1. @default 10000 */
  upgradeTimeout?: number;
  /** Whether an attached Node server's upgrade requests that nobody answers are ended. @default true */
  destroyUpgrade?: boolean;
  /** Milliseconds after which they are, 1 to 2^31 − 1. @default 1000 */
  destroyUpgradeTimeout?: number;
  /** Whether requests must have a slash after the path. @default true */
  addTrailingSlash?: boolean;
  /** Who may use the server from pages of other origins. @default none: no CORS header is sent */
  cors?:
    | boolean
    | CorsOptions
    | ((request: HandshakeRequest, callback: (error: Error | null, cors?: CorsOptions) => void) => void);
  /** Origins that may open sessions, as Socket.IO 2 checks them. @default any, without CORS headers */
  origins?:
    | string
    | readonly string[]
    | ((origin: string, callback: (error: string | null, allow: boolean) => void) => void);
  /** A cookie with the session id: true, its name, or its attributes. @default false */
  cookie?: boolean | string | CookieOptions;
  /** Path of the cookie, as Socket.IO 2 has it; false for none. @default '/' */
  cookiePath?: string | false;
  /** Whether scripts cannot read the cookie, as Socket.IO 2 has it. @default true */
  cookieHttpOnly?: boolean;
  /** Compression of polling answers. @default { threshold: 1024 } */
  httpCompression?: boolean | HttpCompressionOptions;
  /** Compression of WebSocket messages: true, or from how many bytes on. @default false */
  perMessageDeflate?: boolean | PerMessageDeflateOptions;
  /** Decides on every handshake. @default all are allowed */
  allowRequest?: AllowRequest;
}

export type ResolvedTuning = Readonly<Required<TuningOptions>>;
type RuleOptions =
  | 'cors'
  | 'origins'
  | 'cookie'
  | 'cookiePath'
  | 'cookieHttpOnly'
  | 'httpCompression'
  | 'perMessageDeflate'
  | 'allowRequest';

/** Filled in; what threads need is plain data, what only the app thread can call stands beside it. */
export interface ResolvedOptions
  extends Readonly<Required<Omit<ServerOptions, keyof TuningOptions | keyof TlsOptions | RuleOptions>>> {
  readonly tuning: ResolvedTuning;
  readonly cors: CorsRule | Ask | null;
  readonly origins: OriginsRule | null;
  readonly cookie: CookieRule | null;
  readonly httpCompression: HttpCompressionRule | null;
  readonly perMessageDeflate: DeflateRule | null;
}

interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly powerOfTwo?: boolean;
  readonly env?: string;
  readonly fallback: () => number;
}

/** Bytes of a request's head; its own default of 4096 is less than some cookies take. */
const MAX_HEAD_BYTES = 16_384;
const MAX_TIMER_MS = 2 ** 31 - 1;
const MIB = 1024 * 1024;

const TUNING_RULES: Record<keyof TuningOptions, NumberRule> = {
  ioThreads: {
    min: 1,
    max: MAX_IO_THREADS,
    env: 'BROADSIDE_IO_THREADS',
    fallback: () => Math.min(MAX_IO_THREADS, Math.max(1, availableParallelism() - 1)),
  },
  maxConnections: { min: 1, max: 1_000_000, env: 'BROADSIDE_MAX_CONNECTIONS', fallback: () => 100_000 },
  logBytes: { min: 2 * MIB, max: 1024 * MIB, powerOfTwo: true, env: 'BROADSIDE_LOG_BYTES', fallback: () => 4 * MIB },
  ringBytes: { min: MIB, max: 1024 * MIB, powerOfTwo: true, env: 'BROADSIDE_RING_BYTES', fallback: () => 4 * MIB },
  batchRecords: { min: 1, max: 4096, env: 'BROADSIDE_BATCH_RECORDS', fallback: () => 1024 },
  flushUs: { min: 0, max: 100_000, env: 'BROADSIDE_FLUSH_US', fallback: () => 0 },
};

const NUMBER_RULES = {
  pingInterval: { min: 1, max: MAX_TIMER_MS, fallback: () => 25_000 },
  pingTimeout: { min: 1, max: MAX_TIMER_MS, fallback: () => 60_000 },
  maxHttpBufferSize: { min: 1, max: 1024 * MIB, fallback: () => 1_000_000 },
  connectTimeout: { min: 1, max: MAX_TIMER_MS, fallback: () => 45_000 },
  destroyUpgradeTimeout: { min: 1, max: MAX_TIMER_MS, fallback: () => 1000 },
  upgradeTimeout: { min: 1, max: MAX_TIMER_MS, fallback: () => 10_000 },
  bodyTimeout: { min: 1, max: MAX_TIMER_MS, fallback: () => 20_000 },
  maxUrlBytes: { min: 64, max: MAX_HEAD_BYTES, fallback: () => 8192 },
  maxPending: { min: 1, max: 1_000_000, fallback: () => 10_000 },
  maxPendingPerAddress: { min: 1, max: 1_000_000, fallback: () => 1000 },
  maxClientBufferBytes: { min: 1024, max: 4096 * MIB, fallback: () => 16 * MIB },
} satisfies Partial<Record<keyof ServerOptions, NumberRule>>;

interface OtherRule<T> {
  readonly test: (value: unknown) => value is T;
  readonly expected: string;
  readonly fallback: T;
}

const isPath = (value: unknown): value is string => typeof value === 'string' && /^\/?[^?#\s]*$/.test(value);
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const TRANSPORTS: readonly unknown[] = ['polling', 'websocket'];
const isTransports = (value: unknown): value is readonly TransportName[] =>
  Array.isArray(value) && value.length > 0 && value.every((name) => TRANSPORTS.includes(name));

const OTHER_RULES = {
  path: { test: isPath, expected: "a path such as '/socket.io'", fallback: '/socket.io' } as OtherRule<string>,
  allowEIO3: { test: isBoolean, expected: 'true or false', fallback: true } as OtherRule<boolean>,
  destroyUpgrade: { test: isBoolean, expected: 'true or false', fallback: true } as OtherRule<boolean>,
  addTrailingSlash: { test: isBoolean, expected: 'true or false', fallback: true } as OtherRule<boolean>,
  allowUpgrades: { test: isBoolean, expected: 'true or false', fallback: true } as OtherRule<boolean>,
  transports: {
    test: isTransports,
    expected: "a list of 'polling' and 'websocket'",
    fallback: ['polling', 'websocket'],
  } as OtherRule<readonly TransportName[]>,
};

/** Options that other modules resolve. */
const RULE_NAMES: readonly string[] = [
  'cors',
  'origins',
  'cookie',
  'cookiePath',
  'cookieHttpOnly',
  'httpCompression',
  'perMessageDeflate',
  'allowRequest',
  ...TLS_OPTION_NAMES,
];

/** Every option of the engine. */
export const KNOWN_NAMES: readonly string[] = [
  ...Object.keys(OTHER_RULES),
  ...RULE_NAMES,
  ...Object.keys(NUMBER_RULES),
  ...Object.keys(TUNING_RULES),
];

/** The environment variables, for the README's table and its test. */
export const ENVIRONMENT_VARIABLES: readonly string[] = Object.values(TUNING_RULES).map((rule) => rule.env as string);

/**
 * Fills in defaults; an option beats its environment variable.
 * @throws ERR_OPTION_UNKNOWN for a name that is not known.
 * @throws ERR_OPTION_INVALID naming option or variable, value and allowed range.
 */
export function resolveOptions(given: ServerOptions, env: NodeJS.ProcessEnv = process.env): ResolvedOptions {
  for (const name of Object.keys(given)) {
    if (KNOWN_NAMES.includes(name)) continue;
    throw new EngineError('ERR_OPTION_UNKNOWN', `option ${name} is not known; known are ${KNOWN_NAMES.join(', ')}`);
  }
  const tuning: Record<string, number> = {};
  for (const [name, rule] of Object.entries(TUNING_RULES)) {
    tuning[name] = resolveNumber(name, (given as Record<string, unknown>)[name], rule, env);
  }
  const options: Record<string, unknown> = { tuning: checkFit(tuning as unknown as ResolvedTuning, given, env) };
  const rules: Record<string, NumberRule> = {
    ...NUMBER_RULES,
    maxUrlBytes: { ...NUMBER_RULES.maxUrlBytes, max: headLimit(env) },
  };
  for (const [name, rule] of Object.entries(rules)) {
    options[name] = resolveNumber(name, (given as Record<string, unknown>)[name], rule, env);
  }
  for (const [name, rule] of Object.entries(OTHER_RULES)) {
    const value = (given as Record<string, unknown>)[name] ?? rule.fallback;
    if (!rule.test(value)) throw invalid(`option ${name}`, value, rule.expected);
    options[name] = value;
  }
  options.path = normalizePath(options.path as string);
  options.cors = resolveCors(given.cors);
  options.origins = resolveOrigins(given.origins);
  options.cookie = resolveCookie(given.cookie, given);
  options.httpCompression = resolveHttpCompression(given.httpCompression);
  options.perMessageDeflate = resolvePerMessageDeflate(given.perMessageDeflate);
  if (given.allowRequest !== undefined && typeof given.allowRequest !== 'function') {
    throw invalid('option allowRequest', given.allowRequest, 'a function');
  }
  return Object.freeze(options) as unknown as ResolvedOptions;
}

/** Leading slash, no trailing one. */
export function normalizePath(path: string): string {
  const trimmed = path.replace(/\/$/, '');
  return trimmed.startsWith('/') || trimmed === '' ? trimmed : `/${trimmed}`;
}

function resolveNumber(name: string, option: unknown, rule: NumberRule, env: NodeJS.ProcessEnv): number {
  if (option !== undefined) return checkNumber(`option ${name}`, option, option, rule);
  const text = rule.env === undefined ? undefined : env[rule.env];
  if (text === undefined || text === '') return rule.fallback();
  return checkNumber(
    `environment variable ${rule.env}`,
    /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN,
    text,
    rule,
  );
}

function checkNumber(subject: string, value: unknown, shown: unknown, rule: NumberRule): number {
  const { min, max, powerOfTwo = false } = rule;
  const ok = Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
  if (ok && (!powerOfTwo || Number.isInteger(Math.log2(value as number)))) return value as number;
  throw invalid(subject, shown, `${powerOfTwo ? 'a power of two' : 'an integer'} from ${min} to ${max}`);
}

/** One record must hold the largest target set with the largest inline payload; the default log always does. */
function checkFit(tuning: ResolvedTuning, given: TuningOptions, env: NodeJS.ProcessEnv): ResolvedTuning {
  const { logBytes, maxConnections, ioThreads } = tuning;
  const ranges = slotRanges(maxConnections, ioThreads);
  const needed = MAX_RECORD_FRACTION * (128 * 1024 + (ranges[0].count * ranges.length) / 8);
  if (logBytes >= needed) return Object.freeze(tuning);
  const { env: variable } = TUNING_RULES.logBytes;
  const expected = `at least ${2 ** Math.ceil(Math.log2(needed))} for ${maxConnections} connections`;
  if (given.logBytes !== undefined) throw invalid('option logBytes', logBytes, expected);
  throw invalid(`environment variable ${variable}`, env[variable as string], expected);
}

function invalid(subject: string, value: unknown, expected: string): EngineError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new EngineError('ERR_OPTION_INVALID', `${subject} is ${shown}, expected ${expected}`);
}

/**
 * Sets uWebSockets.js's limit for request heads, beyond which it answers 431; a value that is there already stays. Call
 * on the main thread before a thread loads it: it looks once, at the process's own environment.
 */
export function presetHeadLimit(): void {
  process.env.UWS_HTTP_MAX_HEADERS_SIZE ??= String(MAX_HEAD_BYTES);
}

/** Bytes; the variable may have raised it for this process, and longer URLs with it. */
function headLimit(env: NodeJS.ProcessEnv): number {
  return Math.max(MAX_HEAD_BYTES, Number(env.UWS_HTTP_MAX_HEADERS_SIZE) || 0);
}
