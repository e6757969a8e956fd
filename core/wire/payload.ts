/**
 * What the two polling payload formats share: the packets that go in and come out, and how one text packet is read.
 * I/O threads run it for every polling body. Pure: sessions, requests and Socket.IO are not known here.
 */
import { isUtf8 } from 'node:buffer';
import { BASE64_CODE, MESSAGE_CODE, NOOP_CODE, OPEN_CODE, type Revision } from './engine-packet.ts';

/** One engine packet for a polling answer. */
export interface OutPacket {
  /** 0 (open) to 6 (noop); a binary packet is always a message, 4. */
  readonly type: number;
  readonly binary: boolean;
  /** Valid UTF-8 without the type digit, or the bytes of a binary message. May lie in shared memory. */
  readonly data: Uint8Array;
}

/** One engine packet of a polling body. `data` may be a view of that body, so it is good as long as the body is. */
export type InPacket = OutPacket;

/** What a body held. A body can be broken after packets that are sound: those are kept. */
export interface DecodedPayload {
  /** Packets before the first fault, in their order. */
  readonly packets: readonly InPacket[];
  /** False when the body is no payload, or holds more packets than allowed: the session ends with `parse error`. */
  readonly valid: boolean;
}

export interface PayloadLimits {
  /** Packets of one body at most; the next one is a fault. */
  readonly maxPackets: number;
}

/** The type `message` as a number. */
export const MESSAGE_TYPE = MESSAGE_CODE - OPEN_CODE;

/** The same memory as a Buffer; copies nothing. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * A text body as valid UTF-8. Ill-formed sequences become U+FFFD before packets are looked for, as they do for a server
 * that reads the request as a string; such a body is copied and may grow to three times its size.
 */
export function toValidUtf8(body: Uint8Array): Buffer {
  const bytes = asBuffer(body);
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString('utf8'));
}

/**
 * Reads one packet of a text payload.
 *
 * Base64 is read leniently, as Node does: foreign characters are skipped, padding may be missing.
 *
 * @param body valid UTF-8
 * @param start first byte of the packet
 * @param end byte after its last
 * @returns undefined when it is no packet
 */
export function readTextPacket(body: Buffer, start: number, end: number, revision: Revision): InPacket | undefined {
  if (start >= end) return undefined;
  const code = body[start];
  if (code >= OPEN_CODE && code <= NOOP_CODE) {
    return { type: code - OPEN_CODE, binary: false, data: body.subarray(start + 1, end) };
  }
  if (code !== BASE64_CODE) return undefined;
  const digits = start + base64PrefixBytes(revision);
  if (revision === 3 && (digits > end || body[start + 1] !== MESSAGE_CODE)) return undefined;
  return { type: MESSAGE_TYPE, binary: true, data: Buffer.from(body.toString('latin1', digits, end), 'base64') };
}

/** Bytes of a packet inside a text payload, the type digit or the base64 mark included. */
export function textPacketBytes(packet: OutPacket, revision: Revision): number {
  const { binary, data } = packet;
  return binary ? base64PrefixBytes(revision) + Math.ceil(data.length / 3) * 4 : 1 + data.length;
}

/** Writes a packet as text; `target` has room for `textPacketBytes`. The offset after it. */
export function writeTextPacket(target: Buffer, offset: number, packet: OutPacket, revision: Revision): number {
  const { type, binary, data } = packet;
  let at = offset;
  if (!binary) {
    target[at++] = OPEN_CODE + type;
    target.set(data, at);
    return at + data.length;
  }
  target[at++] = BASE64_CODE;
  if (revision === 3) target[at++] = MESSAGE_CODE;
  return at + target.write(asBuffer(data).toString('base64'), at, 'latin1');
}

/** Revision 3 names the type after the mark, revision 4 leaves it out. */
function base64PrefixBytes(revision: Revision): number {
  return revision === 3 ? 2 : 1;
}
