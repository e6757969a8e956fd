/**
 * Options of the Socket.IO layer; all others belong to the engine and pass through. App thread.
 * Every rule is a row of a table; what the engine knows too is checked there again.
 */
import type { RequestListener, Server } from 'node:http';
import { EngineError } from '../errors.ts';
import { resolveOptions } from '../options.ts';
import type { ServerOptions } from '../server-options.ts';
import { Adapter } from './adapter.ts';
import type { AdapterConstructor } from './adapter-kinds.ts';
import { MSGPACK_PARSER } from './msgpack-parser.ts';
import { DEFAULT_PARSER, isDefaultParser, type Parser } from './parser.ts';
import type { AttachmentLimits } from './pending-packet.ts';
import { RecoveringAdapter } from './recovering-adapter.ts';
import type { RecoveryOptions } from './recovery.ts';

/**
 * Origins that may connect. `*` stands for any; an entry is compared as a whole, with `*` for any port. A function gets
 * the request's origin, `*` when there is none, and decides through `callback(error, allow)`. @since Socket.IO 2
 */
export type OriginsOption =
  | string
  | readonly string[]
  | ((origin: string, callback: (error: string | null, allow: boolean) => void) => void);

/** Options as given: those of this layer, and the engine's. @since Socket.IO 2 */
export interface GivenOptions extends ServerOptions {
  /** Class of the adapters, one instance per namespace. @default the in-memory `Adapter` @since Socket.IO 2 */
  adapter?: AdapterConstructor;
  /**
   * Packet format; `'msgpack'` for that of socket.io-msgpack-parser. Clients need the same one.
   *
   * @default socket.io-parser @since Socket.IO 2
   */
  parser?: Parser | 'msgpack';
  /** Address to listen on. @default all @since Broadside */
  host?: string;
  /**
   * Gets every request on the port that is not the engine's: a listener such as an Express application, which should
   * trust one proxy, or an HTTP server. @default none @since Broadside
   */
  http?: RequestListener | Server;
  /**
   * Origins that may connect, and may read answers from pages.
   *
   * @default any may connect, without CORS headers @since Socket.IO 2
   */
  origins?: OriginsOption;
  /** Whether the client's bundle is served; only false turns it off. @default true @since Socket.IO 2 */
  serveClient?: boolean;
  /**
   * Whether a namespace made from a RegExp or a function goes when its last socket leaves.
   *
   * @default false @since Socket.IO 4.6
   */
  cleanupEmptyChildNamespaces?: boolean;
  /**
   * Lets Socket.IO 4 clients continue after a lost connection. Events then carry one more argument.
   *
   * @default off @since Socket.IO 4.6
   */
  connectionStateRecovery?: RecoveryOptions;
  /** Namespaces one connection may be in, 1 to 100000; it is refused further ones. @default 100 @since Broadside */
  maxNamespaces?: number;
  /**
   * Namespaces that clients may make of one RegExp or function, 1 to 1000000; then the oldest without sockets goes for
   * each new one, or that is refused.
   *
   * @default 10000 @since Broadside
   */
  maxChildNamespaces?: number;
  /**
   * Deepest nesting of an inbound event, its own array included, 1 to 1000; a deeper one closes the connection.
   *
   * @default 64 @since Broadside
   */
  maxDepth?: number;
  /**
   * Arguments of an inbound event or answer, its name included, 1 to 65535; more close the connection.
   *
   * @default 8192 @since Broadside
   */
  maxArguments?: number;
  /**
   * Attachments of an inbound packet, 1 to 10000; more close the connection. With another `parser` that one decides.
   *
   * @default 10 @since Broadside
   */
  maxAttachments?: number;
  /**
   * Bytes of all attachments of an inbound packet, with another `parser` of all its frames, 1 to 16 GiB.
   *
   * @default maxAttachments × maxHttpBufferSize @since Broadside
   */
  maxAttachmentBytes?: number;
  /**
   * Milliseconds the next attachment of an inbound packet, with another `parser` the whole packet, may take, 1 to
   * 2^31 − 1; then the connection is closed.
   *
   * @default 60000 @since Broadside
   */
  attachmentTimeout?: number;
}

/** As filled in, with the sessions-keeping adapter where recovery asks for it. */
export interface ApiOptions {
  path: string;
  /** Milliseconds a client of Socket.IO 3 or later has to join a namespace. @default 45000 */
  connectTimeout: number;
  adapter: AdapterConstructor;
  /** Undefined when nobody said: then anybody may connect, and no header says so to pages of other origins. */
  origins: OriginsOption | undefined;
  serveClient: boolean;
  readonly parser: Parser;
  readonly cleanupEmptyChildNamespaces: boolean;
  readonly recovery: Readonly<Required<RecoveryOptions>> | undefined;
  readonly maxNamespaces: number;
  readonly maxChildNamespaces: number;
  readonly limits: AttachmentLimits;
}

/** Names that only this layer knows: the engine never sees them. */
export const API_OPTION_NAMES = [
  'adapter',
  'parser',
  'host',
  'origins',
  'serveClient',
  'cleanupEmptyChildNamespaces',
  'connectionStateRecovery',
  'maxNamespaces',
  'maxChildNamespaces',
  'maxDepth',
  'maxArguments',
  'maxAttachments',
  'maxAttachmentBytes',
  'attachmentTimeout',
] as const satisfies readonly (keyof GivenOptions)[];

interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
}

/** Longest delay of a Node timer. */
const MAX_DELAY_MS = 2 ** 31 - 1;
const GIB = 2 ** 30;
/** The engine's default, which the default budget of attachments follows. */
const MAX_HTTP_BUFFER_SIZE = 1_000_000;

const NUMBER_RULES = {
  connectTimeout: { min: 1, max: MAX_DELAY_MS, fallback: 45_000 },
  maxNamespaces: { min: 1, max: 100_000, fallback: 100 },
  maxChildNamespaces: { min: 1, max: 1_000_000, fallback: 10_000 },
  maxDepth: { min: 1, max: 1000, fallback: 64 },
  maxArguments: { min: 1, max: 65_535, fallback: 8192 },
  maxAttachments: { min: 1, max: 10_000, fallback: 10 },
  attachmentTimeout: { min: 1, max: MAX_DELAY_MS, fallback: 60_000 },
} satisfies Record<string, NumberRule>;

const RECOVERY_RULES = {
  maxDisconnectionDuration: { min: 1, max: MAX_DELAY_MS, fallback: 120_000 },
  maxPackets: { min: 1, max: 1_000_000, fallback: 10_000 },
  maxBytes: { min: 1, max: GIB, fallback: 16 * 2 ** 20 },
  maxSessions: { min: 1, max: 1_000_000, fallback: 100_000 },
} satisfies Record<string, NumberRule>;

function invalid(name: string, value: unknown, expected: string): EngineError {
  const shown = typeof value === 'object' && value !== null ? 'an object' : String(value);
  return new EngineError('ERR_OPTION_INVALID', `${name} is ${shown}; expected ${expected}.`);
}

function resolveNumber(name: string, value: unknown, rule: NumberRule): number {
  if (value === undefined) return rule.fallback;
  if (Number.isInteger(value) && (value as number) >= rule.min && (value as number) <= rule.max) return value as number;
  throw invalid(name, value, `an integer from ${rule.min} to ${rule.max}`);
}

function resolveNumbers<Rules extends Record<string, NumberRule>>(
  rules: Rules,
  given: object,
  prefix = '',
): Record<keyof Rules, number> {
  const values = Object.entries(rules).map(([name, rule]) => [
    name,
    resolveNumber(prefix + name, (given as Record<string, unknown>)[name], rule),
  ]);
  return Object.fromEntries(values) as Record<keyof Rules, number>;
}

function resolveBoolean(name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value === 'boolean') return value;
  throw invalid(name, value, 'true or false');
}

function resolveRecovery(given: unknown): ApiOptions['recovery'] {
  if (given === undefined) return undefined;
  if (typeof given !== 'object' || given === null) throw invalid('connectionStateRecovery', given, 'an object');
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(RECOVERY_RULES, name) || name === 'skipMiddlewares') continue;
    throw new EngineError('ERR_OPTION_UNKNOWN', `option connectionStateRecovery.${name} is not known.`);
  }
  const prefix = 'connectionStateRecovery.';
  const { skipMiddlewares } = given as RecoveryOptions;
  return Object.freeze({
    ...resolveNumbers(RECOVERY_RULES, given, prefix),
    skipMiddlewares: resolveBoolean(`${prefix}skipMiddlewares`, skipMiddlewares, true),
  });
}

function resolveParser(given: unknown): Parser {
  if (!given) return DEFAULT_PARSER;
  if (given === 'msgpack') return MSGPACK_PARSER;
  const { Encoder, Decoder } = Object(given) as Partial<Parser>;
  if (typeof Encoder === 'function' && typeof Decoder === 'function') {
    return isDefaultParser(given as Parser) ? DEFAULT_PARSER : (given as Parser);
  }
  throw invalid('parser', given, "'msgpack' or an object with the classes Encoder and Decoder");
}

/** @throws {EngineError} `ERR_OPTION_INVALID` */
export function assertConnectTimeout(value: unknown): asserts value is number {
  resolveNumber('connectTimeout', value, NUMBER_RULES.connectTimeout);
}

/** @throws {EngineError} `ERR_OPTION_INVALID` */
export function assertOrigins(value: unknown): asserts value is OriginsOption {
  if (typeof value === 'string' || typeof value === 'function') return;
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return;
  throw invalid('origins', value, 'a string, an array of strings or a function');
}

/** The path without its trailing slash. @throws {EngineError} `ERR_OPTION_INVALID` */
export function normalisePath(value: unknown): string {
  if (typeof value !== 'string') throw invalid('path', value, 'a string');
  return value.endsWith('/') ? value.slice(0, -1) : value;
}

/** Fills in this layer's defaults. @throws {EngineError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN` */
export function resolveApiOptions(given: GivenOptions): ApiOptions {
  const numbers = resolveNumbers(NUMBER_RULES, given);
  const recovery = resolveRecovery(given.connectionStateRecovery);
  // Falsy means the default, as in Socket.IO 2.
  const origins = given.origins || undefined;
  const adapter = given.adapter || (recovery ? RecoveringAdapter : Adapter);
  const path = given.path ?? '/socket.io';
  if (origins !== undefined) assertOrigins(origins);
  if (typeof adapter !== 'function') throw invalid('adapter', adapter, 'a class');
  const maxAttachmentBytes = resolveNumber('maxAttachmentBytes', given.maxAttachmentBytes, {
    min: 1,
    max: 16 * GIB,
    fallback: numbers.maxAttachments * (given.maxHttpBufferSize || MAX_HTTP_BUFFER_SIZE),
  });
  return {
    path: normalisePath(path),
    connectTimeout: numbers.connectTimeout,
    adapter,
    origins,
    serveClient: (given.serveClient as unknown) !== false,
    parser: resolveParser(given.parser),
    cleanupEmptyChildNamespaces: resolveBoolean(
      'cleanupEmptyChildNamespaces',
      given.cleanupEmptyChildNamespaces,
      false,
    ),
    recovery,
    maxNamespaces: numbers.maxNamespaces,
    maxChildNamespaces: numbers.maxChildNamespaces,
    limits: Object.freeze({
      maxDepth: numbers.maxDepth,
      maxArguments: numbers.maxArguments,
      maxAttachments: numbers.maxAttachments,
      attachmentTimeout: numbers.attachmentTimeout,
      maxAttachmentBytes,
    }),
  };
}

/** What is left for the engine. */
export function engineOptions(given: GivenOptions): GivenOptions {
  const options: Record<string, unknown> = { ...given };
  for (const name of API_OPTION_NAMES) delete options[name];
  return options as GivenOptions;
}

/** Refuses at once what the engine would refuse. @throws {EngineError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN` */
export function assertEngineOptions(given: GivenOptions): void {
  const { http: _beside, ...options } = engineOptions(given);
  resolveOptions(options);
}
