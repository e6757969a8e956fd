/**
 * Polling payloads of Engine.IO 3: text with a length before each packet, or the binary form (BEHAVIOUR 2.3).
 * I/O threads run it, once per polling answer and per POST.
 * A length is believed only when the bytes bear it out; one pass over the bytes each way.
 *
 *     text     <digits>:<packet>          digits count UTF-16 units, what clients call string length
 *     binary   <flag><digits>FF<packet>   flag 0 text, 1 binary; one digit per byte, as value 0 to 9; digits count bytes
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { BINARY_MESSAGE_CODE, OPEN_CODE } from './engine-packet.ts';
import {
  asBuffer,
  type DecodedPayload,
  type InPacket,
  MESSAGE_TYPE,
  type OutPacket,
  type PayloadLimits,
  readTextPacket,
  textPacketBytes,
  toValidUtf8,
  writeTextPacket,
} from './payload.ts';

/** A body and how it is to be sent: text as `text/plain`, binary as `application/octet-stream`. */
export interface EncodedPayload {
  readonly body: Buffer;
  readonly binary: boolean;
}

/** More digits than any body is long; leading zeros count. */
const MAX_LENGTH_DIGITS = 10;

const ZERO_CODE = OPEN_CODE;
const COLON_CODE = 0x3a;
const TEXT_FLAG = 0;
const BINARY_FLAG = 1;
const LENGTH_END = 0xff;

/**
 * @param supportsBinary false when the client asked for `b64` or polls with JSONP
 * @returns the binary form when a packet is binary and the client can read it, else text; `0:` for an empty list
 */
export function encodePayloadV3(packets: readonly OutPacket[], supportsBinary: boolean): EncodedPayload {
  if (supportsBinary && packets.some((packet) => packet.binary)) return { body: encodeBinary(packets), binary: true };
  return { body: encodeText(packets), binary: false };
}

/**
 * Reads a POST body. Ends at the first fault: a length that is no number or leaves the body or splits a character, an
 * unknown type, ill-formed UTF-8 in the binary form, bytes left over, one packet too many. An empty text body is a fault,
 * an empty binary one holds no packets; `0:` is skipped.
 *
 * @param body bytes of any content; packets keep views of it unless it was ill-formed text
 * @param isBinary whether the request's content type is `application/octet-stream`
 */
export function decodePayloadV3(body: Uint8Array, isBinary: boolean, limits: PayloadLimits): DecodedPayload {
  const packets: InPacket[] = [];
  const valid = isBinary
    ? decodeBinary(asBuffer(body), packets, limits.maxPackets)
    : decodeText(toValidUtf8(body), packets, limits.maxPackets);
  return { packets, valid };
}

function encodeText(packets: readonly OutPacket[]): Buffer {
  if (packets.length === 0) return Buffer.from('0:');
  const lengths = packets.map((packet) =>
    String(packet.binary ? textPacketBytes(packet, 3) : 1 + utf16Length(packet.data)),
  );
  let bytes = 0;
  for (let i = 0; i < packets.length; i++) bytes += lengths[i].length + 1 + textPacketBytes(packets[i], 3);
  const body = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (let i = 0; i < packets.length; i++) {
    at += body.write(lengths[i], at, 'latin1');
    body[at++] = COLON_CODE;
    at = writeTextPacket(body, at, packets[i], 3);
  }
  return body;
}

/** Both kinds of packet are one byte of type and their data here; text has its digit, binary the bare number. */
function encodeBinary(packets: readonly OutPacket[]): Buffer {
  let bytes = 0;
  for (const { data } of packets) bytes += 1 + String(1 + data.length).length + 1 + 1 + data.length;
  const body = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { type, binary, data } of packets) {
    body[at++] = binary ? BINARY_FLAG : TEXT_FLAG;
    const digits = String(1 + data.length);
    for (let i = 0; i < digits.length; i++) body[at++] = digits.charCodeAt(i) - ZERO_CODE;
    body[at++] = LENGTH_END;
    body[at++] = binary ? BINARY_MESSAGE_CODE : OPEN_CODE + type;
    body.set(data, at);
    at += data.length;
  }
  return body;
}

function decodeText(body: Buffer, packets: InPacket[], maxPackets: number): boolean {
  if (body.length === 0) return false;
  const ascii = isAscii(body);
  let at = 0;
  while (at < body.length) {
    const colon = endOfDigits(body, at, COLON_CODE, ZERO_CODE);
    if (colon < 0) return false;
    const units = readDigits(body, at, colon, ZERO_CODE);
    const start = colon + 1;
    const end = ascii ? endOfBytes(body, start, units) : endOfUnits(body, start, units);
    if (end < 0) return false;
    if (units > 0) {
      const packet = packets.length < maxPackets ? readTextPacket(body, start, end, 3) : undefined;
      if (packet === undefined) return false;
      packets.push(packet);
    }
    at = end;
  }
  return true;
}

function decodeBinary(body: Buffer, packets: InPacket[], maxPackets: number): boolean {
  let at = 0;
  while (at < body.length) {
    const flag = body[at++];
    const lengthEnd = flag === TEXT_FLAG || flag === BINARY_FLAG ? endOfDigits(body, at, LENGTH_END, 0) : -1;
    if (lengthEnd < 0) return false;
    const start = lengthEnd + 1;
    const end = endOfBytes(body, start, readDigits(body, at, lengthEnd, 0));
    if (end < 0 || packets.length >= maxPackets) return false;
    const packet = flag === TEXT_FLAG ? readUncheckedText(body, start, end) : readBinaryPacket(body, start, end);
    if (packet === undefined) return false;
    packets.push(packet);
    at = end;
  }
  return true;
}

/** Lengths count bytes in the binary form, so the text of each packet has to be well formed by itself. */
function readUncheckedText(body: Buffer, start: number, end: number): InPacket | undefined {
  return isUtf8(body.subarray(start, end)) ? readTextPacket(body, start, end, 3) : undefined;
}

function readBinaryPacket(body: Buffer, start: number, end: number): InPacket | undefined {
  if (start === end || body[start] !== BINARY_MESSAGE_CODE) return undefined;
  return { type: MESSAGE_TYPE, binary: true, data: body.subarray(start + 1, end) };
}

/** Where the run of digits at `start` ends with `terminator`; -1 when it is empty, too long, or ends otherwise. */
function endOfDigits(body: Buffer, start: number, terminator: number, zero: number): number {
  let at = start;
  while (at < body.length && at - start <= MAX_LENGTH_DIGITS) {
    const byte = body[at];
    if (byte === terminator) return at > start ? at : -1;
    if (byte < zero || byte > zero + 9) return -1;
    at++;
  }
  return -1;
}

function readDigits(body: Buffer, start: number, end: number, zero: number): number {
  let value = 0;
  for (let i = start; i < end; i++) value = value * 10 + body[i] - zero;
  return value;
}

function endOfBytes(body: Buffer, start: number, length: number): number {
  return length <= body.length - start ? start + length : -1;
}

/** Where `units` UTF-16 units of valid UTF-8 end; -1 when the body is shorter or a pair would be split. */
function endOfUnits(body: Buffer, start: number, units: number): number {
  let at = start;
  let left = units;
  while (left > 0) {
    if (at >= body.length) return -1;
    const lead = body[at];
    at += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    left -= lead < 0xf0 ? 1 : 2;
  }
  return left === 0 ? at : -1;
}

/** UTF-16 units of valid UTF-8: one per character, two where four bytes make one. */
function utf16Length(bytes: Uint8Array): number {
  if (isAscii(bytes)) return bytes.length;
  let units = 0;
  for (let i = 0; i < bytes.length; i++) {
    if ((bytes[i] & 0xc0) !== 0x80) units += bytes[i] < 0xf0 ? 1 : 2;
  }
  return units;
}
