/**
 * The text every server sends, and where the generator finds its fields again: sequence number and emit stamp stand
 * at fixed offsets, in decimal, so that a client reads them without parsing JSON. Pure; the same bytes for all servers.
 *
 *   42["e","000000042 0001234567890123 xxxx…"]      (spaces only in this drawing)
 *   ^0      ^8        ^17              ^33
 */

export const EVENT_NAME = 'e';
const WIRE_PREFIX = `42["${EVENT_NAME}","`;
const WIRE_SUFFIX = '"]';

/** Offset of the sequence number from the start of a frame's payload. */
export const SEQUENCE_OFFSET = WIRE_PREFIX.length;
/** Nine digits stay below 2^31: the generator compares small integers only. */
export const SEQUENCE_DIGITS = 9;
export const STAMP_OFFSET = SEQUENCE_OFFSET + SEQUENCE_DIGITS;
/** Microseconds of `monotonicMicros`, whole. */
export const STAMP_DIGITS = 16;
/** What must have arrived of an event before its fields can be read. */
export const EVENT_HEAD_BYTES = STAMP_OFFSET + STAMP_DIGITS;
export const MIN_PAYLOAD_BYTES = SEQUENCE_DIGITS + STAMP_DIGITS;

const ZERO = 48;

/** Length of a WebSocket frame's payload that carries a text of `payloadBytes`. */
export function wireBytes(payloadBytes: number): number {
  return WIRE_PREFIX.length + payloadBytes + WIRE_SUFFIX.length;
}

/** The whole frame payload, for a server that does not speak Socket.IO by itself. */
export function wireText(text: string): string {
  return WIRE_PREFIX + text + WIRE_SUFFIX;
}

/** Writes texts of one length; reuses its scratch bytes so that building one costs less than a microsecond. */
export class PayloadWriter {
  readonly #scratch: Buffer;

  constructor(payloadBytes: number) {
    if (!Number.isInteger(payloadBytes) || payloadBytes < MIN_PAYLOAD_BYTES) {
      throw new RangeError(`payload of ${payloadBytes} bytes, expected a whole number from ${MIN_PAYLOAD_BYTES} on`);
    }
    this.#scratch = Buffer.alloc(payloadBytes, 'x');
  }

  text(sequence: number, stampMicros: number): string {
    this.#digits(0, SEQUENCE_DIGITS, sequence);
    this.#digits(SEQUENCE_DIGITS, STAMP_DIGITS, Math.floor(stampMicros));
    return this.#scratch.toString('latin1');
  }

  #digits(offset: number, count: number, value: number): void {
    for (let at = offset + count - 1; at >= offset; at--) {
      const rest = Math.floor(value / 10);
      this.#scratch[at] = ZERO + (value - rest * 10);
      value = rest;
    }
  }
}

/** Reads `count` digits; above nine digits the result is exact up to 2^53. */
export function readDigits(bytes: Uint8Array, offset: number, count: number): number {
  let value = 0;
  for (let at = offset; at < offset + count; at++) value = value * 10 + bytes[at] - ZERO;
  return value;
}
