/**
 * Options as filled from what is given. Every rule is a row of a table; the environment is read here and nowhere else.
 * Worker threads get resolved options only.
 */
import { availableParallelism } from 'node:os';
import { slotRanges } from './agents/slot-ranges.ts';
import { EngineError } from './errors.ts';
import type { ServerOptions, TlsOptions, TransportName, TuningOptions } from './server-options.ts';
import { MAX_IO_THREADS, MAX_RECORD_FRACTION } from './shm/layout.ts';
import { type CookieRule, resolveCookie } from './wire/cookie.ts';
import { type CorsRule, resolveCors } from './wire/cors.ts';
import { type HttpCompressionRule, resolveHttpCompression } from './wire/encoding.ts';
import { type DeflateRule, resolvePerMessageDeflate } from './wire/message-deflate.ts';
import type { Ask } from './wire/origin-header.ts';
import { type OriginsRule, resolveOrigins } from './wire/origins.ts';

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

export type ResolvedTuning = Readonly<Required<TuningOptions>>;
type RuleOptions =
  | 'cors'
  | 'origins'
  | 'cookie'
  | 'cookiePath'
  | 'cookieHttpOnly'
  | 'httpCompression'
  | 'perMessageDeflate'
  | CallerOptions;
/** Options that the engine takes as they are given. */
type CallerOptions = 'allowRequest' | 'initialPacket' | 'handlePreflightRequest' | 'wsEngine';

/** Filled in; what threads need is plain data, what only the app thread can call stands beside it. */
export interface ResolvedOptions
  extends Readonly<Required<Omit<ServerOptions, keyof TuningOptions | keyof TlsOptions | RuleOptions | 'transports'>>> {
  readonly transports: readonly TransportName[];
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
  /** Whether 0, null and the like mean the default, as in Socket.IO 2. */
  readonly falsy?: boolean;
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
  pingInterval: { min: 1, max: MAX_TIMER_MS, falsy: true, fallback: () => 25_000 },
  pingTimeout: { min: 1, max: MAX_TIMER_MS, falsy: true, fallback: () => 60_000 },
  maxHttpBufferSize: { min: 1, max: 1024 * MIB, falsy: true, fallback: () => 1_000_000 },
  connectTimeout: { min: 1, max: MAX_TIMER_MS, fallback: () => 45_000 },
  destroyUpgradeTimeout: { min: 1, max: MAX_TIMER_MS, falsy: true, fallback: () => 1000 },
  upgradeTimeout: { min: 1, max: MAX_TIMER_MS, falsy: true, fallback: () => 10_000 },
  bodyTimeout: { min: 1, max: MAX_TIMER_MS, fallback: () => 20_000 },
  maxUrlBytes: { min: 64, max: MAX_HEAD_BYTES, fallback: () => 8192 },
  maxHeaderBytes: { min: 256, max: MAX_HEAD_BYTES, fallback: () => MAX_HEAD_BYTES },
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
/** Of Socket.IO 4.7. */
const WEBTRANSPORT = 'webtransport';
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
  'initialPacket',
  'handlePreflightRequest',
  'wsEngine',
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
    maxHeaderBytes: { ...NUMBER_RULES.maxHeaderBytes, max: headLimit(env), fallback: () => headLimit(env) },
  };
  for (const [name, rule] of Object.entries(rules)) {
    options[name] = resolveNumber(name, (given as Record<string, unknown>)[name], rule, env);
  }
  for (const [name, rule] of Object.entries(OTHER_RULES)) {
    let value: unknown = (given as Record<string, unknown>)[name] ?? rule.fallback;
    if (name === 'transports') value = withoutWebTransport(value);
    if (!rule.test(value)) throw invalid(`option ${name}`, value, rule.expected);
    options[name] = value;
  }
  options.path = normalizePath(options.path as string);
  options.cors = resolveCors(given.cors);
  options.origins = resolveOrigins(given.origins);
  options.cookie = resolveCookie(given.cookie, given);
  options.httpCompression = resolveHttpCompression(given.httpCompression);
  options.perMessageDeflate = resolvePerMessageDeflate(given.perMessageDeflate);
  checkCallerOptions(given);
  return Object.freeze(options) as unknown as ResolvedOptions;
}

function checkCallerOptions({ allowRequest, initialPacket, handlePreflightRequest, wsEngine }: ServerOptions): void {
  if (allowRequest && typeof allowRequest !== 'function') {
    throw invalid('option allowRequest', allowRequest, 'a function');
  }
  if (initialPacket && typeof initialPacket !== 'string' && !(initialPacket instanceof Uint8Array)) {
    throw invalid('option initialPacket', initialPacket, 'a string or bytes');
  }
  if (handlePreflightRequest && handlePreflightRequest !== true && typeof handlePreflightRequest !== 'function') {
    throw invalid('option handlePreflightRequest', handlePreflightRequest, 'false or a function');
  }
  if (wsEngine) warnOnce('option wsEngine has no effect: uWebSockets.js is the WebSocket engine.');
}

function withoutWebTransport(transports: unknown): unknown {
  if (!Array.isArray(transports) || !transports.includes(WEBTRANSPORT)) return transports;
  warnOnce("'webtransport' in the option transports has no effect: it is not served.");
  return transports.filter((name) => name !== WEBTRANSPORT);
}

const warned = new Set<string>();

/** Options are resolved more than once, and once per Server. */
export function warnOnce(text: string): void {
  if (warned.has(text)) return;
  warned.add(text);
  process.emitWarning(text);
}

/** Leading slash, no trailing one. */
export function normalizePath(path: string): string {
  const trimmed = path.replace(/\/$/, '');
  return trimmed.startsWith('/') || trimmed === '' ? trimmed : `/${trimmed}`;
}

function resolveNumber(name: string, option: unknown, rule: NumberRule, env: NodeJS.ProcessEnv): number {
  if (option !== undefined && !(rule.falsy && !option)) return checkNumber(`option ${name}`, option, option, rule);
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

/** Bytes; the variable may have raised it for this process, and what URLs and headers may have with it. */
function headLimit(env: NodeJS.ProcessEnv): number {
  return Math.max(MAX_HEAD_BYTES, Number(env.UWS_HTTP_MAX_HEADERS_SIZE) || 0);
}
