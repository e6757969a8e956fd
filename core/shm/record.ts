/**
 * A record's header, the same in every ring and in the log: two words, then the payload.
 *
 *   word 0   length in bytes, header included, not rounded up
 *   word 1   type (low 8 bits) and flags (the rest)
 *
 * Records start on 8-byte units. A PADDING record fills the data up to the wrap.
 */
import { EngineError } from '../errors.ts';
import { MAX_RECORD_FRACTION, UNIT_BYTES, UNIT_SHIFT } from './layout.ts';

export const RECORD_HEADER_BYTES = 8;
export const RECORD_PADDING = 0;

/** Bytes a record of this length takes in the data. */
export const alignedBytes = (bytes: number): number => (bytes + UNIT_BYTES - 1) & ~(UNIT_BYTES - 1);

/** Largest payload of a region with this capacity. */
export const maxPayloadBytes = (capacity: number): number => capacity / MAX_RECORD_FRACTION - RECORD_HEADER_BYTES;

/** @throws ERR_MESSAGE_TOO_LARGE; a larger record is refused, never split. */
export function checkPayload(payloadBytes: number, capacity: number): void {
  if (payloadBytes > maxPayloadBytes(capacity)) {
    throw new EngineError(
      'ERR_MESSAGE_TOO_LARGE',
      `payload is ${payloadBytes} bytes, at most ${maxPayloadBytes(capacity)} fit a record of this region`,
    );
  }
}

export const unitsOf = (bytes: number): number => bytes >> UNIT_SHIFT;
