/**
 * Socket.IO packets on the app thread: encoding once per call, decoding, and the checks an inbound packet must pass.
 * Semantics are those of socket.io-parser; what it lets through and a handler could not bear is refused here.
 */
import { Decoder, Encoder, type Packet, PacketType } from 'socket.io-parser';
import type { PacketFrames } from '../agents/link.ts';
import { RESERVED_EVENTS } from './reserved-events.ts';

export type { Packet };
export { PacketType };

/** Deepest nesting of an inbound packet, the event's own array included. Re-emitting what a client sent must not overflow the stack. */
export const MAX_DEPTH = 64;

/** Most arguments of an inbound event or answer: they are spread onto the stack when listeners are called. */
export const MAX_ARGUMENTS = 8192;

/** An object with the two classes of a packet format; the default is socket.io-parser. */
export interface Parser {
  Encoder: new () => { encode(packet: Packet): unknown[] };
  Decoder: new () => {
    on(event: 'decoded', listener: (packet: Packet) => void): unknown;
    add(frame: unknown): void;
    destroy(): void;
  };
}

export type PacketEncoder = InstanceType<Parser['Encoder']>;

export const DEFAULT_PARSER: Parser = { Encoder, Decoder };

function toBytes(frame: unknown): string | Uint8Array {
  if (typeof frame === 'string' || frame instanceof Uint8Array) return frame;
  if (frame instanceof ArrayBuffer) return new Uint8Array(frame);
  if (ArrayBuffer.isView(frame)) return new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength);
  throw new TypeError('A Blob cannot be sent: its bytes are not available at the call. Send its arrayBuffer().');
}

/** Serialises at the call, so later changes of the arguments have no effect. @throws what `JSON.stringify` throws */
export function encodePacket(encoder: PacketEncoder, packet: Packet): PacketFrames {
  const frames = encoder.encode(packet) as (string | Uint8Array)[];
  for (let i = 0; i < frames.length; i++) frames[i] = toBytes(frames[i]);
  return frames;
}

/** @throws {Error} when the JSON text opens more than `MAX_DEPTH` arrays and objects inside each other */
export function checkDepth(text: string): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) {
      if (++depth > MAX_DEPTH) throw new Error('payload nested too deep');
    } else if (code === 0x5d || code === 0x7d) {
      depth--;
    } else if (code === 0x22) {
      do {
        i = text.indexOf('"', i + 1);
        if (i === -1) return;
      } while (isEscaped(text, i));
    }
  }
}

function isEscaped(text: string, quote: number): boolean {
  let at = quote - 1;
  while (text.charCodeAt(at) === 0x5c) at--;
  return (quote - at) % 2 === 0;
}

/** JSON has no `undefined`: one in a decoded packet is a placeholder that named no attachment. */
function hasHole(value: unknown): boolean {
  if (value === undefined) return true;
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return false;
  }
  return Object.values(value).some(hasHole);
}

/** @throws {Error} for a packet that must not reach a handler */
function checkPacket(packet: Packet): void {
  const { data, id } = packet;
  if (id !== undefined && !Number.isSafeInteger(id)) throw new Error('invalid ack id');
  switch (packet.type) {
    case PacketType.EVENT:
    case PacketType.BINARY_EVENT:
      if (!Array.isArray(data) || !isEventName(data[0])) throw new Error('invalid payload');
      break;
    case PacketType.ACK:
    case PacketType.BINARY_ACK:
      // An answer without payload is harmless: older clients send one.
      packet.data ??= [];
      if (!Array.isArray(packet.data)) throw new Error('invalid payload');
      break;
    default:
      return;
  }
  if (packet.data.length > MAX_ARGUMENTS) throw new Error('too many arguments');
}

function isEventName(name: unknown): boolean {
  return typeof name === 'number' || (typeof name === 'string' && !RESERVED_EVENTS.has(name));
}

/** One decoder of the chosen format; a frame goes in, a checked packet comes out once it is complete. */
export class PacketDecoder {
  readonly #decoder: InstanceType<Parser['Decoder']>;
  readonly #json: boolean;
  #packet: Packet | undefined;

  constructor(parser: Parser) {
    this.#json = parser === DEFAULT_PARSER;
    this.#decoder = new parser.Decoder();
    this.#decoder.on('decoded', (packet) => {
      this.#packet = packet;
    });
  }

  /** @returns undefined while attachments are due. @throws {Error} for a frame that is no valid packet */
  add(frame: unknown): Packet | undefined {
    if (typeof frame === 'string') checkDepth(frame);
    this.#decoder.add(frame);
    const packet = this.#packet;
    if (packet === undefined) return undefined;
    this.#packet = undefined;
    checkPacket(packet);
    if (this.#json && typeof frame !== 'string' && hasHole(packet.data)) throw new Error('illegal attachments');
    return packet;
  }

  destroy(): void {
    this.#decoder.destroy();
  }
}
