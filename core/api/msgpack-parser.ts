/**
 * The packet format of `parser: 'msgpack'`: one binary message per packet, a MessagePack map with the keys `type`, `nsp`,
 * `data` and `id`, as socket.io-msgpack-parser writes it. App thread. It never reads past what a client has really sent.
 */
import { EventEmitter } from 'node:events';
import { Packr } from 'msgpackr';
import { decodeMsgpack } from './msgpack-decode.ts';
import { type Packet, PacketType, type Parser } from './parser.ts';

/** Plain maps instead of msgpackr's own records; `undefined` as nil, which every reader knows. */
const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });

/** Deepest nesting when nobody says otherwise. */
const DEFAULT_MAX_DEPTH = 64;

/** The map around a packet's data. */
const PACKET_DEPTH = 1;

export class MsgpackEncoder {
  /** @throws what msgpackr throws: RangeError for circular data, Error for symbols */
  encode(packet: Packet): Uint8Array[] {
    // Readers refuse keys that are there without a value.
    const map: Record<string, unknown> = { type: packet.type, nsp: packet.nsp };
    if (packet.data !== undefined) map.data = packet.data;
    if (packet.id !== undefined) map.id = packet.id;
    // Without the copy the bytes would stay a view of msgpackr's reused buffer.
    return [Uint8Array.prototype.slice.call(packr.pack(map))];
  }
}

function isObject(value: unknown): boolean {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function isDataValid(type: PacketType, data: unknown): boolean {
  switch (type) {
    case PacketType.CONNECT:
      return data === undefined || isObject(data);
    case PacketType.DISCONNECT:
      return data === undefined;
    case PacketType.CONNECT_ERROR:
      return typeof data === 'string' || isObject(data);
    default:
      return Array.isArray(data);
  }
}

export class MsgpackDecoder extends EventEmitter {
  readonly #maxDepth: number;

  /** @param maxDepth deepest nesting of a packet's data */
  constructor(maxDepth: number = DEFAULT_MAX_DEPTH) {
    super();
    this.#maxDepth = maxDepth + PACKET_DEPTH;
  }

  /** Emits `decoded`. @throws {Error} for bytes that are no packet */
  add(frame: unknown): void {
    if (!(frame instanceof Uint8Array)) throw new Error('got plaintext data where binary was expected');
    const decoded = decodeMsgpack(frame, this.#maxDepth);
    if (!isObject(decoded)) throw new Error('invalid payload');
    const { type, nsp, data, id } = decoded as Record<string, unknown>;
    if (
      !Number.isInteger(type) ||
      (type as number) < PacketType.CONNECT ||
      (type as number) > PacketType.CONNECT_ERROR
    ) {
      throw new Error(`unknown packet type ${String(type)}`);
    }
    if (typeof nsp !== 'string') throw new Error('invalid namespace');
    const packet = { type, nsp, data: data ?? undefined, id: id ?? undefined } as Packet;
    if (!isDataValid(packet.type, packet.data)) throw new Error('invalid payload');
    this.emit('decoded', packet);
  }

  destroy(): void {}
}

export const MSGPACK_PARSER: Parser = { Encoder: MsgpackEncoder, Decoder: MsgpackDecoder };
