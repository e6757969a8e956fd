/**
 * The `perMessageDeflate` option: which WebSocket messages are compressed. The app thread resolves it, I/O threads look
 * only at the threshold; window and memory are those of uWebSockets.js's shared compressor.
 */
import { EngineError } from '../errors.ts';

/**
 * The `perMessageDeflate` option in its long form. All but `threshold` have no effect: they are taken so that options
 * written for Socket.IO on `ws` still serve. @since Socket.IO 2
 */
export interface PerMessageDeflateOptions {
  /** Bytes from which a message is compressed, 0 to 1 GiB. @default 1024 */
  threshold?: number;
  /** Has no effect. */
  serverNoContextTakeover?: boolean;
  /** Has no effect. */
  clientNoContextTakeover?: boolean;
  /** Has no effect. */
  serverMaxWindowBits?: number;
  /** Has no effect. */
  clientMaxWindowBits?: boolean | number;
  /** Has no effect. */
  zlibDeflateOptions?: object;
  /** Has no effect. */
  zlibInflateOptions?: object;
  /** Has no effect. */
  concurrencyLimit?: number;
}

/** Compression of WebSocket messages; plain data, so it can be sent to other threads. */
export interface DeflateRule {
  /** Bytes from which a frame is compressed. */
  readonly threshold: number;
}

const DEFAULT_THRESHOLD_BYTES = 1024;
const MAX_THRESHOLD_BYTES = 1024 ** 3;
const KNOWN_NAMES: readonly string[] = [
  'threshold',
  'serverNoContextTakeover',
  'clientNoContextTakeover',
  'serverMaxWindowBits',
  'clientMaxWindowBits',
  'zlibDeflateOptions',
  'zlibInflateOptions',
  'concurrencyLimit',
] satisfies (keyof PerMessageDeflateOptions)[];

/**
 * @param option true, or an object, to compress; undefined or false for none
 * @returns null when nothing is to be compressed
 * @throws ERR_OPTION_INVALID naming option, value and what was expected
 * @throws ERR_OPTION_UNKNOWN for an unknown field
 */
export function resolvePerMessageDeflate(option: unknown): DeflateRule | null {
  if (option === undefined || option === null || option === false) return null;
  if (option === true) return { threshold: DEFAULT_THRESHOLD_BYTES };
  if (typeof option !== 'object' || Array.isArray(option)) {
    const shown = typeof option === 'string' ? JSON.stringify(option) : String(option);
    throw invalid('', shown, 'a boolean or an object');
  }
  for (const name of Object.keys(option)) {
    if (KNOWN_NAMES.includes(name)) continue;
    const message = `option perMessageDeflate.${name} is not known; known are ${KNOWN_NAMES.join(', ')}`;
    throw new EngineError('ERR_OPTION_UNKNOWN', message);
  }
  const { threshold = DEFAULT_THRESHOLD_BYTES } = option as PerMessageDeflateOptions;
  if (!Number.isInteger(threshold) || threshold < 0 || threshold > MAX_THRESHOLD_BYTES) {
    throw invalid('.threshold', String(threshold), `an integer from 0 to ${MAX_THRESHOLD_BYTES}`);
  }
  return { threshold };
}

function invalid(field: string, shown: string, expected: string): EngineError {
  return new EngineError('ERR_OPTION_INVALID', `option perMessageDeflate${field} is ${shown}, expected ${expected}`);
}
