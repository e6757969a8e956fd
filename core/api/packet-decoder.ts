/**
 * Decoding on the app thread, and the checks an inbound packet must pass before a handler sees it.
 * What the packet format lets through and a handler could not bear is refused here.
 */
import { Decoder } from 'socket.io-parser';
import { MSGPACK_PARSER, MsgpackDecoder } from './msgpack-parser.ts';
import { DEFAULT_PARSER, type Packet, PacketType, type Parser } from './parser.ts';
import { RESERVED_EVENTS } from './reserved-events.ts';

/** Budgets of inbound packets; see `ApiOptions` for units and defaults. */
export interface PacketLimits {
  readonly maxDepth: number;
  readonly maxArguments: number;
  readonly maxAttachments: number;
}

/** @throws {Error} when the JSON text opens more than `maxDepth` arrays and objects inside each other */
export function checkDepth(text: string, maxDepth: number): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) {
      if (++depth > maxDepth) throw new Error('payload nested too deep');
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

function isContainer(value: unknown): value is object {
  return value !== null && typeof value === 'object' && !ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer);
}

/** As `checkDepth`, for what a format other than JSON has decoded. */
function checkValueDepth(value: unknown, left: number): void {
  if (!isContainer(value)) return;
  if (left === 0) throw new Error('payload nested too deep');
  for (const member of Object.values(value)) checkValueDepth(member, left - 1);
}

/** JSON has no `undefined`: one in a decoded packet is a placeholder that named no attachment. */
function hasHole(value: unknown): boolean {
  if (value === undefined) return true;
  return isContainer(value) && Object.values(value).some(hasHole);
}

function isEventName(name: unknown): boolean {
  return typeof name === 'number' || (typeof name === 'string' && !RESERVED_EVENTS.has(name));
}

/** @throws {Error} for a packet that must not reach a handler */
function checkPacket(packet: Packet, limits: PacketLimits): void {
  const { data, id, nsp } = packet;
  if (typeof nsp !== 'string') throw new Error('invalid namespace');
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
  if (packet.data.length > limits.maxArguments) throw new Error('too many arguments');
}

/**
 * Whether one frame is one packet, so that a decoder shared by all connections may take it. In the default format text
 * whose first digit is 5 or 6 opens a packet with attachments.
 */
export function standsAlone(parser: Parser, frame: unknown): boolean {
  if (parser === MSGPACK_PARSER) return true;
  if (parser !== DEFAULT_PARSER || typeof frame !== 'string') return false;
  const type = frame.charCodeAt(0);
  return type !== 0x35 && type !== 0x36;
}

function createDecoder(parser: Parser, limits: PacketLimits): InstanceType<Parser['Decoder']> {
  if (parser === DEFAULT_PARSER) return new Decoder({ maxAttachments: limits.maxAttachments });
  if (parser === MSGPACK_PARSER) return new MsgpackDecoder(limits.maxDepth);
  return new parser.Decoder();
}

/** One decoder of the chosen format; a frame goes in, a checked packet comes out once it is complete. */
export class PacketDecoder {
  readonly #decoder: InstanceType<Parser['Decoder']>;
  readonly #limits: PacketLimits;
  readonly #json: boolean;
  #packet: Packet | undefined;

  constructor(parser: Parser, limits: PacketLimits) {
    this.#json = parser === DEFAULT_PARSER;
    this.#limits = limits;
    this.#decoder = createDecoder(parser, limits);
    this.#decoder.on('decoded', (packet) => {
      this.#packet = packet;
    });
  }

  /** @returns undefined while attachments are due. @throws {Error} for a frame that is no valid packet */
  add(frame: unknown): Packet | undefined {
    const { maxDepth } = this.#limits;
    if (this.#json && typeof frame === 'string') {
      if (frame === '') throw new Error('empty packet'); // the parser would read a CONNECT
      checkDepth(frame, maxDepth);
    }
    this.#decoder.add(frame);
    const packet = this.#packet;
    if (packet === undefined) return undefined;
    this.#packet = undefined;
    checkPacket(packet, this.#limits);
    if (!this.#json) checkValueDepth(packet.data, maxDepth);
    else if (typeof frame !== 'string' && hasHole(packet.data)) throw new Error('illegal attachments');
    return packet;
  }

  destroy(): void {
    this.#decoder.destroy();
  }
}
