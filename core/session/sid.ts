/**
 * Session ids: 120 random bits and the I/O thread that owns the session, so that any thread finds the owner.
 * Made on I/O threads. An id is the client's secret: it is never shown to other clients.
 * Ids from a user's `generateId` do not have this form in general; their owners are found in the shared registry.
 */
import { randomFillSync } from 'node:crypto';

/** Threads that one character can name. */
export const MAX_SID_THREADS = 64;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const RANDOM_BYTES = 15;
/** 15 bytes are exactly 20 characters of base64url, without padding. */
const RANDOM_CHARS = 20;
const SID_CHARS = RANDOM_CHARS + 1;

/** One call for 256 ids: filling costs about as much for 15 bytes as for 4 KB. */
const pool = Buffer.alloc(RANDOM_BYTES * 256);
let poolAt = pool.length;
const scratch = Buffer.alloc(SID_CHARS);

/** Alphabet position by character code, -1 for characters outside. */
const VALUE_OF_CODE = new Int8Array(128).fill(-1);
for (let value = 0; value < ALPHABET.length; value++) VALUE_OF_CODE[ALPHABET.charCodeAt(value)] = value;

/**
 * A fresh id of 21 URL-safe characters, the last of which names the thread.
 *
 * @param thread number of the I/O thread, 0 to 63
 * @throws RangeError for another number
 */
export function generateSid(thread: number): string {
  if (!Number.isInteger(thread) || thread < 0 || thread >= MAX_SID_THREADS) {
    throw new RangeError(`Thread ${thread} is not one of 0 to ${MAX_SID_THREADS - 1}.`);
  }
  // Read as a whole: a string put together of two, or cut out of one, keeps those as well for as long as it lives.
  scratch.write(randomId(), 'latin1');
  scratch[RANDOM_CHARS] = ALPHABET.charCodeAt(thread);
  return scratch.toString('latin1');
}

/** 20 URL-safe characters that name no thread. */
export function randomId(): string {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const start = poolAt;
  poolAt += RANDOM_BYTES;
  return pool.toString('base64url', start, poolAt);
}

/** The thread named in `sid`, or -1 when it does not have the form of `generateSid`. Safe on anything a client sent. */
export function threadOfSid(sid: string): number {
  if (sid.length !== SID_CHARS) return -1;
  let value = -1;
  for (let i = 0; i < SID_CHARS; i++) {
    const code = sid.charCodeAt(i);
    value = code < 128 ? VALUE_OF_CODE[code] : -1;
    if (value < 0) return -1;
  }
  return value;
}
