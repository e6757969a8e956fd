/**
 * Options of the Socket.IO layer; all others belong to the engine and pass through. App thread.
 */
import { EngineError } from '../errors.ts';
import type { ServerOptions } from '../options.ts';
import { Adapter, type AdapterConstructor } from './adapter.ts';
import { DEFAULT_PARSER, type Parser } from './packet.ts';

export interface ApiOptions {
  /** Path of all requests. @default '/socket.io' */
  path: string;
  /** Milliseconds a client of Socket.IO 3 or later has to join a namespace. @default 45000 */
  connectTimeout: number;
  /** Class of the adapters. @default the in-memory `Adapter` */
  adapter: AdapterConstructor;
  /** Packet format. @default socket.io-parser */
  parser: Parser;
}

/** Options as given: those of this layer, and the engine's. */
export interface GivenOptions extends ServerOptions {
  /** Class of the adapters. @default the in-memory `Adapter` */
  adapter?: AdapterConstructor;
  /** Packet format. @default socket.io-parser */
  parser?: Parser;
  /** Address to listen on. @default all */
  host?: string;
}

/** Longest delay of a Node timer. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** @throws {EngineError} `ERR_OPTION_INVALID` */
export function assertConnectTimeout(value: unknown): asserts value is number {
  if (typeof value === 'number' && value > 0 && value <= MAX_DELAY_MS) return;
  throw new EngineError('ERR_OPTION_INVALID', `connectTimeout is ${String(value)}; expected 1 to ${MAX_DELAY_MS} ms.`);
}

/** The path without its trailing slash. @throws {EngineError} `ERR_OPTION_INVALID` */
export function normalisePath(value: unknown): string {
  if (typeof value !== 'string') {
    throw new EngineError('ERR_OPTION_INVALID', `path is ${String(value)}; expected a string.`);
  }
  return value.endsWith('/') ? value.slice(0, -1) : value;
}

/** Fills in this layer's defaults. @throws {EngineError} `ERR_OPTION_INVALID` */
export function resolveApiOptions(given: GivenOptions): ApiOptions {
  const { path = '/socket.io', connectTimeout = 45_000, adapter = Adapter, parser = DEFAULT_PARSER } = given;
  assertConnectTimeout(connectTimeout);
  return { path: normalisePath(path), connectTimeout, adapter, parser };
}

/**
 * The port in a number or numeric string.
 *
 * @throws {EngineError} `ERR_EXPRESS_APP` for a function, `ERR_OPTION_INVALID` for anything else
 */
export function parsePort(target: unknown): number {
  if (typeof target === 'function') {
    throw new EngineError(
      'ERR_EXPRESS_APP',
      'You are trying to attach socket.io to an express request handler function. Please pass a http.Server instance.',
    );
  }
  const numeric = typeof target === 'number' || (typeof target === 'string' && /^\d+$/.test(target));
  const port = numeric ? Number(target) : Number.NaN;
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  const met = typeof target === 'object' && target !== null ? 'an object' : String(target);
  throw new EngineError('ERR_OPTION_INVALID', `Cannot listen on ${met}; expected a port from 0 to 65535.`);
}
