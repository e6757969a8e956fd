/**
 * Polling payloads of Engine.IO 4: packets joined by the record separator, binary as base64 (BEHAVIOUR 2.4).
 * I/O threads run it, once per polling answer and per POST.
 * One pass over the bytes each way; never more memory than the packets need.
 */
import {
  type DecodedPayload,
  type InPacket,
  type OutPacket,
  type PayloadLimits,
  readTextPacket,
  textPacketBytes,
  toValidUtf8,
  writeTextPacket,
} from './payload.ts';

/** Stands between two packets; JSON text never holds it unescaped. */
export const SEPARATOR_CODE = 0x1e;

/** @returns the body, UTF-8 text; empty for an empty list, which no client takes for a payload */
export function encodePayloadV4(packets: readonly OutPacket[]): Buffer {
  let bytes = Math.max(0, packets.length - 1);
  for (const packet of packets) bytes += textPacketBytes(packet, 4);
  const body = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const packet of packets) {
    if (at > 0) body[at++] = SEPARATOR_CODE;
    at = writeTextPacket(body, at, packet, 4);
  }
  return body;
}

/**
 * Reads a POST body. Ends at the first fault: an empty packet (so also an empty body), an unknown type, one packet too many.
 *
 * @param body bytes of any content; packets keep views of it unless it was ill-formed UTF-8
 */
export function decodePayloadV4(body: Uint8Array, limits: PayloadLimits): DecodedPayload {
  const bytes = toValidUtf8(body);
  const packets: InPacket[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const separator = bytes.indexOf(SEPARATOR_CODE, start);
    const end = separator < 0 ? bytes.length : separator;
    const packet = packets.length < limits.maxPackets ? readTextPacket(bytes, start, end, 4) : undefined;
    if (packet === undefined) return { packets, valid: false };
    packets.push(packet);
    start = end + 1;
  }
  return { packets, valid: true };
}
