/**
 * The `origins` option of 2.x servers: which pages may open a session, matched whole (BEHAVIOUR items 24 to 27).
 * The app thread resolves the option, I/O threads check handshakes. A user function is not called here: the rule says `ask`.
 * Unlike in 2.x nothing matches by a part of it, and `*` means any.
 */
import { EngineError } from '../errors.ts';
import {
  ASK,
  type Ask,
  bareHost,
  type CorsAnswer,
  type CorsRequest,
  defaultPort,
  isAsk,
  isValidOrigin,
  NO_CORS,
  type ParsedOrigin,
  parseOrigin,
} from './origin-header.ts';

/** One entry; null is any. */
interface OriginPattern {
  readonly protocol: string | null;
  /** Lower case, IPv6 without brackets. */
  readonly host: string | null;
  /** Null only when written `*`; `default` is the default port of the protocol in question. */
  readonly port: string | null;
}

/** Plain data, so it can be sent to other threads. */
export type OriginsRule = readonly OriginPattern[] | Ask;

/** What 2.x functions get for a request that says nothing of its origin. */
export const UNKNOWN_ORIGIN = '*';

const DEFAULT_PORT = 'default';
const ANY: OriginPattern = Object.freeze({ protocol: null, host: null, port: null });

/**
 * Reads the option.
 *
 * @param option undefined or null for none; a function; one entry or several, as a list or as one string with spaces or
 * commas between. An entry is `*` or `*:*` for any, `host:port`, `host:*`, `*:port`, each also after `protocol://`.
 * Without a port it means the protocol's own: 443 for https and wss, else 80.
 * @returns null when the option was not given: nothing is checked, no header sent
 * @throws ERR_OPTION_INVALID naming the entry
 */
export function resolveOrigins(option: unknown): OriginsRule | null {
  if (option === undefined || option === null) return null;
  if (typeof option === 'function') return ASK;
  const entries = typeof option === 'string' ? option.split(/[\s,]+/).filter((entry) => entry !== '') : option;
  if (!Array.isArray(entries)) throw invalid(option);
  return entries.map(readEntry);
}

/**
 * Where a request says it comes from: `Origin`, else `Referer`, else `UNKNOWN_ORIGIN`; so too for `null`, which pages
 * without an origin send.
 */
export function originCandidate(origin: string | undefined, referer: string | undefined): string {
  const candidate = origin || referer;
  return candidate === undefined || candidate === '' || candidate === 'null' ? UNKNOWN_ORIGIN : candidate;
}

/**
 * @param rule one that asks allows nothing
 * @param candidate from `originCandidate`; one that is unknown or no URL is allowed only by an entry for any
 */
export function isOriginAllowed(rule: OriginsRule, candidate: string): boolean {
  if (isAsk(rule)) return false;
  const origin = parseOrigin(candidate);
  return rule.some((pattern) => isAny(pattern) || (origin !== null && covers(pattern, origin)));
}

/**
 * The CORS headers of an answer to a request that was allowed: its origin may read it, with credentials. An `Origin` with
 * other than visible ASCII is never echoed. OPTIONS ends with status 200.
 */
export function originsHeaders({ method, origin }: CorsRequest): CorsAnswer {
  if (!isValidOrigin(origin)) return NO_CORS;
  const headers: [string, string][] = [
    ['Access-Control-Allow-Origin', origin],
    ['Access-Control-Allow-Credentials', 'true'],
    ['Vary', 'Origin'],
  ];
  const preflight = method.toUpperCase() === 'OPTIONS';
  if (preflight) headers.push(['Access-Control-Allow-Headers', 'Content-Type']);
  return { headers, endStatus: preflight ? 200 : 0 };
}

function isAny({ protocol, host, port }: OriginPattern): boolean {
  return protocol === null && host === null && port === null;
}

function covers(pattern: OriginPattern, { protocol, host, port }: ParsedOrigin): boolean {
  return (
    (pattern.protocol === null || pattern.protocol === protocol) &&
    (pattern.host === null || pattern.host === host) &&
    (pattern.port === null || port === (pattern.port === DEFAULT_PORT ? defaultPort(protocol) : pattern.port))
  );
}

function readEntry(entry: unknown): OriginPattern {
  if (entry === '*') return ANY;
  const parts =
    typeof entry === 'string' ? /^(?:([a-z][a-z0-9+.-]*:)\/\/)?(.+?)(?::(\d{1,5}|\*))?\/?$/i.exec(entry) : null;
  if (parts === null) throw invalid(entry);
  const [, protocol = null, host, port = DEFAULT_PORT] = parts;
  return Object.freeze({
    protocol: protocol?.toLowerCase() ?? null,
    host: host === '*' ? null : readHost(host, entry),
    port: port === '*' ? null : port === DEFAULT_PORT ? port : String(Number(port)),
  });
}

/** The form in which URL parsing writes a host, so that the two can be compared. */
function readHost(host: string, entry: unknown): string {
  const url = `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}`;
  if (!/^[^\s/?#@\\*]+$/.test(host) || !URL.canParse(url)) throw invalid(entry);
  return bareHost(new URL(url).hostname);
}

function invalid(entry: unknown): EngineError {
  const shown = typeof entry === 'string' ? JSON.stringify(entry) : String(entry);
  return new EngineError(
    'ERR_OPTION_INVALID',
    `option origins has ${shown}, expected '*' or entries such as 'https://foo.example:443', 'foo.example:*' or '*:443'`,
  );
}
