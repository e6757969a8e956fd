/**
 * A handshake request as bytes: from the I/O thread to the app thread, and there, as a string of these bytes, until
 * somebody looks at it: a small buffer costs the collector more. Fixed fields and texts with their lengths, so that the
 * few things the app thread always wants are read without the rest, and each text becomes a string of its own: one cut
 * out of a larger string would keep all of it alive.
 *
 *     0  u8   bits
 *     1  u16  port, 0 when unknown
 *     3  texts: address, method, url, then name and value of each header; u32 length, UTF-8
 */
import { type Headers, mergeHeader, type RequestInfo } from './request-info.ts';

const SECURE_BIT = 1;
const BASE64_BIT = 2;
const REVISION_4_BIT = 4;
const POLLING_BIT = 8;

const BITS = 0;
const PORT = 1;
const TEXTS = 3;
const LENGTH_BYTES = 4;
/** Of UTF-8, for each UTF-16 unit of a string. */
const MAX_BYTES_PER_UNIT = 3;

/** Headers that thousands of clients send alike: their values are kept once. */
const COMMON: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'connection',
  'host',
  'origin',
  'pragma',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-websocket-extensions',
  'sec-websocket-version',
  'upgrade',
  'user-agent',
  'x-forwarded-proto',
]);
const MAX_KEPT = 1000;
const MAX_KEPT_LENGTH = 512;
const kept = new Map<string, string>();

/** Where requests are encoded, one after the other. */
let scratch = Buffer.allocUnsafeSlow(16 * 1024);

/** What is wanted of every session. */
export interface RequestHead {
  readonly address: string;
  readonly revision: 3 | 4;
  /** The session opened by polling, not by a WebSocket. */
  readonly polling: boolean;
  /** The client takes no binary frames. */
  readonly base64: boolean;
}

/** Encodes a request. The result is a view that is valid until the next call. */
export function encodeRequest(info: RequestInfo, polling: boolean): Uint8Array {
  const texts = [info.address, info.method, info.url];
  for (const [name, value] of Object.entries(info.headers)) {
    if (typeof value === 'string') texts.push(name, value);
    else for (const each of value) texts.push(name, each);
  }
  let bound = TEXTS;
  for (const text of texts) bound += LENGTH_BYTES + text.length * MAX_BYTES_PER_UNIT;
  if (bound > scratch.length) scratch = Buffer.allocUnsafeSlow(bound);
  const bytes = scratch;
  bytes[BITS] =
    (info.secure ? SECURE_BIT : 0) |
    (info.base64 ? BASE64_BIT : 0) |
    (info.revision === 4 ? REVISION_4_BIT : 0) |
    (polling ? POLLING_BIT : 0);
  bytes.writeUInt16LE(info.port ?? 0, PORT);
  let at = TEXTS;
  for (const text of texts) {
    const length = bytes.write(text, at + LENGTH_BYTES);
    bytes.writeUInt32LE(length, at);
    at += LENGTH_BYTES + length;
  }
  return bytes.subarray(0, at);
}

/**
 * @param encoded the bytes as a string, Latin 1
 * @throws RangeError when they are not a request
 */
export function readRequestHead(encoded: string): RequestHead {
  const bits = encoded.charCodeAt(BITS);
  const from = TEXTS + LENGTH_BYTES;
  const length = encoded.charCodeAt(TEXTS); // no address is longer than one byte says
  if (!(encoded.length >= from + length)) throw malformed();
  return {
    address: encoded.slice(from, from + length),
    revision: bits & REVISION_4_BIT ? 4 : 3,
    polling: (bits & POLLING_BIT) !== 0,
    base64: (bits & BASE64_BIT) !== 0,
  };
}

/**
 * Decodes what `encodeRequest` wrote.
 *
 * @param encoded the bytes as a string, Latin 1
 * @throws RangeError when they are not a request
 */
export function decodeRequest(encoded: string): RequestInfo {
  const bytes = Buffer.from(encoded, 'latin1');
  const reader = new TextReader(bytes);
  const address = reader.next();
  const method = shared(reader.next());
  const url = reader.next();
  const headers: Headers = {};
  while (reader.more) {
    const name = reader.next();
    const value = reader.next();
    mergeHeader(headers, name, COMMON.has(name) ? shared(value) : value);
  }
  const bits = bytes[BITS];
  const info: RequestInfo = {
    method,
    url,
    headers,
    address,
    secure: (bits & SECURE_BIT) !== 0,
    revision: bits & REVISION_4_BIT ? 4 : 3,
    base64: (bits & BASE64_BIT) !== 0,
  };
  const port = bytes.readUInt16LE(PORT);
  if (port !== 0) info.port = port;
  return info;
}

/** The same text, kept once; forgotten with all others now and then, so that strangers cannot fill memory. */
function shared(text: string): string {
  if (text.length > MAX_KEPT_LENGTH) return text;
  const known = kept.get(text);
  if (known !== undefined) return known;
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(text, text);
  return text;
}

class TextReader {
  readonly #bytes: Buffer;
  #at = TEXTS;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get more(): boolean {
    return this.#at < this.#bytes.length;
  }

  next(): string {
    const from = this.#at + LENGTH_BYTES;
    const to = from <= this.#bytes.length ? from + this.#bytes.readUInt32LE(this.#at) : Number.POSITIVE_INFINITY;
    if (to > this.#bytes.length) throw malformed();
    this.#at = to;
    return this.#bytes.toString('utf8', from, to);
  }
}

const malformed = (): RangeError => new RangeError('These bytes are not an encoded request.');
