/**
 * What is known of the request that opened a session: its shape, and headers and query as Node's `http` reads them.
 */
import { parse } from 'node:querystring';
import type { Revision } from './engine-packet.ts';

/** Lower-cased name to value; a list only where Node keeps one. */
export type Headers = Record<string, string | string[]>;

export interface RequestInfo {
  method: string;
  /** Path with query, as the client sent it. */
  url: string;
  /** As `mergeHeader` builds them: own properties of an ordinary object, whatever the client called them. */
  headers: Headers;
  /** Address of the client, as text. */
  address: string;
  /** Port of the client; absent where the transport does not know it. */
  port?: number;
  /** True when the connection came in over TLS. */
  secure: boolean;
  revision: Revision;
  /** True when the client cannot receive binary frames (`b64` in the query). */
  base64: boolean;
}

/**
 * The handshake request, shaped like Node's IncomingMessage as far as it is known to applications. @since Socket.IO 2
 */
export interface HandshakeRequest {
  /** As the client sent it. */
  readonly method: string;
  /** Path with query, as the client sent it. */
  readonly url: string;
  /** Lower-cased names, values merged as Node does. */
  readonly headers: Record<string, string | string[] | undefined>;
  /** What is known of the TCP connection: TLS or not, address and port of the client or of the proxy in front. */
  readonly connection: { readonly encrypted: boolean; readonly remoteAddress: string; readonly remotePort?: number };
  /** Parsed query. */
  readonly _query: Record<string, string | string[]>;
}

/** Fields that carry one value by definition; a repeated one is dropped, the first stays. */
const SINGLE_VALUE: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);

/**
 * Adds one received header line to `headers`, as Node's `http` does without `joinDuplicateHeaders`.
 *
 * @param name in any case
 * @param value without surrounding white space
 */
export function mergeHeader(headers: Headers, name: string, value: string): void {
  const key = name.toLowerCase();
  const present = Object.hasOwn(headers, key) ? headers[key] : undefined;
  if (key === 'set-cookie') {
    if (Array.isArray(present)) present.push(value);
    else define(headers, key, present === undefined ? [value] : [present, value]);
  } else if (present === undefined) {
    define(headers, key, value);
  } else if (!SINGLE_VALUE.has(key)) {
    define(headers, key, `${present}${key === 'cookie' ? '; ' : ', '}${value}`);
  }
}

/**
 * The query of a request target, as Node's `querystring` reads it: repeated names become lists, at most 1,000 pairs. An
 * object without a prototype, to look into.
 *
 * @param url path with query; a fragment is cut off
 */
export function readQuery(url: string): Record<string, string | string[]> {
  const fragment = url.indexOf('#');
  const end = fragment < 0 ? url.length : fragment;
  const start = url.indexOf('?');
  return parse(start < 0 || start >= end ? '' : url.slice(start + 1, end)) as Record<string, string | string[]>;
}

/**
 * The same for an application: an ordinary object, whose own properties the names are, `__proto__` too.
 *
 * @param url path with query; a fragment is cut off
 */
export function parseQuery(url: string): Record<string, string | string[]> {
  return { ...readQuery(url) };
}

/** Plain assignment would call the setter behind `__proto__` on an ordinary object. */
function define(headers: Headers, key: string, value: string | string[]): void {
  if (key === '__proto__') {
    Object.defineProperty(headers, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    headers[key] = value;
  }
}
