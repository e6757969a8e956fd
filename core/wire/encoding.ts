/**
 * Which content coding an answer gets: the `httpCompression` option and the choice by `Accept-Encoding`.
 * The app thread resolves the option, I/O threads choose per answer. Compresses nothing itself.
 */
import { EngineError } from '../errors.ts';

export type ContentCoding = 'br' | 'gzip' | 'deflate';

/** Codings for polling answers: not br, which at a strength worth having costs a multiple, and any client could ask for it. */
export const POLLING_CODINGS: readonly ContentCoding[] = ['gzip', 'deflate'];
/** Codings for files that are compressed once and kept. */
export const FILE_CODINGS: readonly ContentCoding[] = ['br', 'gzip', 'deflate'];

/** The `httpCompression` option in its long form. All but the threshold goes to zlib as it is. @since Socket.IO 2 */
export interface HttpCompressionOptions {
  /** Bytes from which an answer is compressed, 0 to 1 GiB. @default 1024 */
  threshold?: number;
  /** Bytes of one output chunk, 64 to 1 GiB. */
  chunkSize?: number;
  /** Effort, -1 to 9; -1 is zlib's own default. */
  level?: number;
  /** Memory for the state, 1 to 9. */
  memLevel?: number;
  /** Window, as power of two, 9 to 15. */
  windowBits?: number;
  /** One of zlib's strategies, 0 to 4. */
  strategy?: number;
}

/** Plain data, so it can be sent to other threads. */
export interface HttpCompressionRule {
  readonly threshold: number;
  /** For the functions of `node:zlib`; only what was given. */
  readonly zlib: Readonly<Omit<HttpCompressionOptions, 'threshold'>>;
}

const DEFAULT_THRESHOLD_BYTES = 1024;
const GIB = 1024 ** 3;

const RANGES: Readonly<Record<keyof HttpCompressionOptions, readonly [min: number, max: number]>> = {
  threshold: [0, GIB],
  chunkSize: [64, GIB],
  level: [-1, 9],
  memLevel: [1, 9],
  windowBits: [9, 15],
  strategy: [0, 4],
};

/**
 * @param option undefined or true for the defaults, false for none, or an object
 * @returns null when nothing is to be compressed
 * @throws ERR_OPTION_INVALID naming option, value and allowed range
 * @throws ERR_OPTION_UNKNOWN for an unknown field
 */
export function resolveHttpCompression(option: unknown): HttpCompressionRule | null {
  if (option === false || option === null) return null;
  const given = option === undefined || option === true ? {} : option;
  if (typeof given !== 'object') {
    throw new EngineError(
      'ERR_OPTION_INVALID',
      `option httpCompression is ${String(given)}, expected a boolean or an object`,
    );
  }
  let threshold = DEFAULT_THRESHOLD_BYTES;
  const zlib: Record<string, number> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(RANGES, name)) {
      throw new EngineError(
        'ERR_OPTION_UNKNOWN',
        `option httpCompression.${name} is not known; known are ${Object.keys(RANGES).join(', ')}`,
      );
    }
    const [min, max] = RANGES[name as keyof HttpCompressionOptions];
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new EngineError(
        'ERR_OPTION_INVALID',
        `option httpCompression.${name} is ${String(value)}, expected an integer from ${min} to ${max}`,
      );
    }
    if (name === 'threshold') threshold = value;
    else zlib[name] = value;
  }
  return { threshold, zlib };
}

/**
 * The coding of one answer.
 *
 * @param bytes size of the body as it is
 * @param acceptEncoding the request header, if any
 * @param offered codings the caller can make
 * @returns undefined when the body goes out as it is: below the threshold, or nothing offered is accepted
 */
export function codingOfAnswer(
  rule: HttpCompressionRule | null,
  bytes: number,
  acceptEncoding: string | undefined,
  offered: readonly ContentCoding[],
): ContentCoding | undefined {
  return rule === null || bytes < rule.threshold ? undefined : chooseCoding(acceptEncoding, offered);
}

/**
 * The offered coding that the client likes best: highest weight, then named rather than meant by `*`, then the client's
 * order, then the order offered. A weight of 0, or one that is no weight, rules a coding out; so does a higher weight of
 * `identity`. One pass over the header.
 */
export function chooseCoding(
  acceptEncoding: string | undefined,
  offered: readonly ContentCoding[],
): ContentCoding | undefined {
  if (acceptEncoding === undefined) return undefined;
  const found = readWeights(acceptEncoding, offered);
  const any = found.get('*');
  let best: ContentCoding | undefined;
  let bestEntry: Entry = { weight: found.get('identity')?.weight ?? 0, named: false, place: Infinity };
  for (const coding of offered) {
    const own = found.get(coding);
    const entry = own ?? (any && { ...any, named: false });
    if (entry !== undefined && entry.weight > 0 && isBetter(entry, bestEntry)) {
      best = coding;
      bestEntry = entry;
    }
  }
  return best;
}

interface Entry {
  readonly weight: number;
  readonly named: boolean;
  /** Position in the header. */
  readonly place: number;
}

function isBetter(entry: Entry, than: Entry): boolean {
  if (entry.weight !== than.weight) return entry.weight > than.weight;
  if (entry.named !== than.named) return entry.named;
  return entry.place < than.place;
}

/** Only names that can matter are kept, so the map stays small; of a repeated one the higher weight. */
function readWeights(header: string, offered: readonly ContentCoding[]): Map<string, Entry> {
  const found = new Map<string, Entry>();
  const wanted: readonly string[] = [...offered, 'identity', '*'];
  let place = 0;
  for (let start = 0; start < header.length; place++) {
    const comma = header.indexOf(',', start);
    const end = comma < 0 ? header.length : comma;
    const [name, ...parameters] = header.slice(start, end).split(';');
    const key = name.trim().toLowerCase();
    if (wanted.includes(key)) {
      const weight = weightOf(parameters);
      const present = found.get(key);
      if (present === undefined || weight > present.weight) found.set(key, { weight, named: key !== '*', place });
    }
    start = end + 1;
  }
  return found;
}

function weightOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=');
    if (equals < 0 || parameter.slice(0, equals).trim().toLowerCase() !== 'q') continue;
    const value = parameter.slice(equals + 1).trim();
    return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(value) ? Number(value) : 0;
  }
  return 1;
}
