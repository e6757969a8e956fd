/**
 * What the app thread gets to know of the request that opened a session: a self-contained record.
 * The I/O thread encodes it inside the request handler, the app thread decodes it into its own memory.
 * Keeps no view of the bytes it reads, because they lie in a ring that is written again.
 */
import { parse } from 'node:querystring';
import { Packr } from 'msgpackr';
import type { Revision } from './engine-packet.ts';

/** Lower-cased name to value; a list only where Node keeps one. */
export type Headers = Record<string, string | string[]>;

export interface RequestInfo {
  method: string;
  /** Path with query, as the client sent it. */
  url: string;
  /** As `mergeHeader` builds them. Decoded ones have no prototype. */
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

const SECURE_BIT = 1;
const BASE64_BIT = 2;
const REVISION_4_BIT = 4;

/** Fields before the headers, which follow as name, value, name, value. */
const FIXED_FIELDS = 5;

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

/** No records: each encoding carries its whole shape, whichever thread reads it and in whatever order. */
const packr = new Packr({ useRecords: false });

/** Encodes a request into memory of its own. Header names become list elements, never keys. */
export function encodeRequestInfo(info: RequestInfo): Uint8Array {
  const bits =
    (info.secure ? SECURE_BIT : 0) | (info.base64 ? BASE64_BIT : 0) | (info.revision === 4 ? REVISION_4_BIT : 0);
  const fields: unknown[] = [info.method, info.url, info.address, info.port ?? null, bits];
  for (const name of Object.keys(info.headers)) fields.push(name, info.headers[name]);
  return new Uint8Array(packr.pack(fields));
}

/**
 * Decodes what `encodeRequestInfo` wrote. The input may lie in shared memory and may be overwritten afterwards.
 *
 * @throws RangeError when the bytes are not such a record
 */
export function decodeRequestInfo(bytes: Uint8Array): RequestInfo {
  const fields = unpackFields(bytes);
  const [method, url, address, port, bits] = fields;
  if (
    typeof method !== 'string' ||
    typeof url !== 'string' ||
    typeof address !== 'string' ||
    (port !== null && typeof port !== 'number') ||
    typeof bits !== 'number'
  ) {
    throw malformed();
  }
  const headers: Headers = Object.create(null);
  for (let i = FIXED_FIELDS; i < fields.length; i += 2) {
    const name = fields[i];
    const value = fields[i + 1];
    if (typeof name !== 'string' || !isHeaderValue(value)) throw malformed();
    headers[name] = value;
  }
  const info: RequestInfo = {
    method,
    url,
    headers,
    address,
    secure: (bits & SECURE_BIT) !== 0,
    revision: bits & REVISION_4_BIT ? 4 : 3,
    base64: (bits & BASE64_BIT) !== 0,
  };
  if (port !== null) info.port = port;
  return info;
}

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
 * The query of a request target, as Node's `querystring` reads it: repeated names become lists, at most 1,000 pairs,
 * no prototype.
 *
 * @param url path with query; a fragment is cut off
 */
export function parseQuery(url: string): Record<string, string | string[]> {
  const fragment = url.indexOf('#');
  const end = fragment < 0 ? url.length : fragment;
  const start = url.indexOf('?');
  if (start < 0 || start >= end) return Object.create(null);
  return parse(url.slice(start + 1, end)) as Record<string, string | string[]>;
}

/** Plain assignment would call the setter behind `__proto__` on an ordinary object. */
function define(headers: Headers, key: string, value: string | string[]): void {
  if (key === '__proto__') {
    Object.defineProperty(headers, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    headers[key] = value;
  }
}

/** Copies first: msgpackr leaves a DataView on the array it reads, and that array may be the ring itself. */
function unpackFields(bytes: Uint8Array): unknown[] {
  let fields: unknown;
  try {
    fields = packr.unpack(Buffer.from(bytes));
  } catch (cause) {
    throw malformed(cause);
  }
  if (!Array.isArray(fields) || fields.length < FIXED_FIELDS || (fields.length - FIXED_FIELDS) % 2 !== 0) {
    throw malformed();
  }
  return fields;
}

function isHeaderValue(value: unknown): value is string | string[] {
  return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
}

function malformed(cause?: unknown): RangeError {
  return new RangeError('These bytes are not an encoded request.', { cause });
}
