/**
 * A handshake request as bytes: from the I/O thread to the app thread, and there, as a string of these bytes, until
 * somebody looks at it: a small buffer costs the collector more. Fixed fields and texts with their lengths, so that the
 * few things the app thread always wants are read without the rest, and each text becomes a string of its own: one cut
 * out of a larger string would keep all of it alive.
 *
 *     0  u8   bits
 *     1  u16  port, 0 when unknown
 *     3  u32  number of texts
 *     7  u32  length in bytes of each text
 *        texts, UTF-8: address, method, url, then name and value of each header
 */
import { type Headers, mergeHeader, type RequestInfo } from './request-info.ts';

const SECURE_BIT = 1;
const BASE64_BIT = 2;
const REVISION_4_BIT = 4;
const POLLING_BIT = 8;
/** Every character of every text is one byte: then texts may be cut out of the string as it is. */
const ASCII_BIT = 16;

const BITS = 0;
const PORT = 1;
const COUNT = 3;
const LENGTHS = 7;
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
/** Names of headers are kept once too: these, and those above. */
const NAMES: ReadonlyMap<string, string> = new Map(
  [
    ...COMMON,
    'authorization',
    'cookie',
    'referer',
    'sec-websocket-key',
    'sec-websocket-protocol',
    'x-forwarded-for',
  ].map((name) => [name, name]),
);
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
  for (const name of Object.keys(info.headers)) {
    const value = info.headers[name];
    if (typeof value === 'string') texts.push(name, value);
    else for (const each of value) texts.push(name, each);
  }
  // One call into native code for all of them, when a character is a byte.
  const joined = texts.join('');
  const start = LENGTHS + LENGTH_BYTES * texts.length;
  const bound = start + joined.length * MAX_BYTES_PER_UNIT;
  if (bound > scratch.length) scratch = Buffer.allocUnsafeSlow(bound);
  const bytes = scratch;
  let end = start + bytes.write(joined, start);
  const isAscii = end - start === joined.length;
  if (isAscii) {
    for (let i = 0; i < texts.length; i++) bytes.writeUInt32LE(texts[i].length, LENGTHS + LENGTH_BYTES * i);
  } else {
    end = start;
    for (let i = 0; i < texts.length; i++) {
      const length = bytes.write(texts[i], end); // by itself: halves of a surrogate pair in two texts are no pair
      bytes.writeUInt32LE(length, LENGTHS + LENGTH_BYTES * i);
      end += length;
    }
  }
  bytes[BITS] =
    (info.secure ? SECURE_BIT : 0) |
    (info.base64 ? BASE64_BIT : 0) |
    (info.revision === 4 ? REVISION_4_BIT : 0) |
    (polling ? POLLING_BIT : 0) |
    (isAscii ? ASCII_BIT : 0);
  bytes.writeUInt16LE(info.port ?? 0, PORT);
  bytes.writeUInt32LE(texts.length, COUNT);
  return bytes.subarray(0, end);
}

/**
 * @param encoded the bytes as a string, Latin 1
 * @throws RangeError when they are not a request
 */
export function readRequestHead(encoded: string): RequestHead {
  const bits = encoded.charCodeAt(BITS);
  const from = LENGTHS + LENGTH_BYTES * wordAt(encoded, COUNT);
  const length = wordAt(encoded, LENGTHS);
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
  reader.start(encoded);
  const address = reader.next();
  const method = reader.shared();
  const url = reader.next();
  const headers: Headers = {};
  while (reader.more) {
    const name = reader.name();
    mergeHeader(headers, name, COMMON.has(name) ? reader.shared() : reader.next());
  }
  const bits = encoded.charCodeAt(BITS);
  const info: RequestInfo = {
    method,
    url,
    headers,
    address,
    secure: (bits & SECURE_BIT) !== 0,
    revision: bits & REVISION_4_BIT ? 4 : 3,
    base64: (bits & BASE64_BIT) !== 0,
  };
  const port = encoded.charCodeAt(PORT) | (encoded.charCodeAt(PORT + 1) << 8);
  if (port !== 0) info.port = port;
  return info;
}

/** Keeps a text for all who send the same; forgotten with all others now and then, so that strangers cannot fill memory. */
function keep(text: string): string {
  if (text.length > MAX_KEPT_LENGTH) return text;
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(text, text);
  return text;
}

/** Reads one request after the other. */
class TextReader {
  #encoded = '';
  #bytes = Buffer.alloc(0);
  #isAscii = true;
  #count = 0;
  #index = 0;
  /** The present text lies from here to there. */
  #from = 0;
  #to = 0;

  start(encoded: string): void {
    this.#encoded = encoded;
    this.#bytes = Buffer.from(encoded, 'latin1');
    this.#isAscii = (encoded.charCodeAt(BITS) & ASCII_BIT) !== 0;
    this.#count = wordAt(encoded, COUNT);
    this.#index = 0;
    this.#to = LENGTHS + LENGTH_BYTES * this.#count;
    if (!(this.#to <= encoded.length)) throw malformed();
  }

  get more(): boolean {
    return this.#index < this.#count;
  }

  /** The next text, a string of its own. */
  next(): string {
    this.#step();
    return this.#own();
  }

  /** The next text, which others send alike. */
  shared(): string {
    this.#step();
    const text = this.#look();
    return kept.get(text) ?? keep(this.#own());
  }

  /** The next text, the name of a header. */
  name(): string {
    this.#step();
    return NAMES.get(this.#look()) ?? this.#own();
  }

  #step(): void {
    if (!this.more) throw malformed();
    this.#from = this.#to;
    this.#to += wordAt(this.#encoded, LENGTHS + LENGTH_BYTES * this.#index++);
    if (this.#to > this.#encoded.length) throw malformed();
  }

  /** To look something up with: may be a part of the whole, and keep it alive. */
  #look(): string {
    return this.#isAscii ? this.#encoded.slice(this.#from, this.#to) : this.#own();
  }

  #own(): string {
    return this.#bytes.toString(this.#isAscii ? 'latin1' : 'utf8', this.#from, this.#to);
  }
}

const reader = new TextReader();

/** An unsigned 32-bit integer, little endian; bytes past the end count as 0. */
function wordAt(encoded: string, at: number): number {
  const low = encoded.charCodeAt(at) | (encoded.charCodeAt(at + 1) << 8) | (encoded.charCodeAt(at + 2) << 16);
  return (low | (encoded.charCodeAt(at + 3) << 24)) >>> 0;
}

const malformed = (): RangeError => new RangeError('These bytes are not an encoded request.');
