/**
 * Packet formats as the Socket.IO layer uses them: the contract of a `parser`, and the one encoder of a server. App thread.
 * Semantics are those of socket.io-parser; it never looks at who gets a packet.
 */
import { createRequire } from 'node:module';
import { Decoder, Encoder, type Packet, PacketType } from 'socket.io-parser';
import type { PacketFrames } from '../agents/link.ts';

export type { Packet };
export { PacketType };

/**
 * An object with the two classes of a packet format; the default is socket.io-parser.
 * `encode` returns the frames, as since Socket.IO 3, or passes them to its callback within the call, as in Socket.IO 2.
 * @since Socket.IO 2
 */
export interface Parser {
  /** Makes frames of packets; one for each server. @since Socket.IO 2 */
  Encoder: new () => { encode(packet: any, callback?: (frames: any[]) => void): unknown };
  /**
   * Makes packets of frames; one for each connection, or one for all while no attachments are due. @since Socket.IO 2
   */
  Decoder: new () => {
    on(event: 'decoded', listener: (packet: any) => void): unknown;
    add(frame: any): void;
    destroy(): void;
  };
}

export const DEFAULT_PARSER: Parser = { Encoder, Decoder };

/**
 * Whether an application passes the default format itself, as either build of the same package: the budgets of
 * attachments are exact for no other.
 */
export function isDefaultParser(given: Parser): boolean {
  const builds: Parser[] = [DEFAULT_PARSER, createRequire(import.meta.url)('socket.io-parser')];
  return builds.some((build) => build.Encoder === given.Encoder && build.Decoder === given.Decoder);
}

function toBytes(frame: unknown): string | Uint8Array {
  if (typeof frame === 'string' || frame instanceof Uint8Array) return frame;
  if (frame instanceof ArrayBuffer) return new Uint8Array(frame);
  if (ArrayBuffer.isView(frame)) return new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength);
  throw new TypeError('A Blob cannot be sent: its bytes are not available at the call. Send its arrayBuffer().');
}

function hasBinary(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return true;
  if ('toJSON' in value && typeof value.toJSON === 'function') return hasBinary(value.toJSON());
  return Object.values(value).some(hasBinary);
}

/** Formats written for Socket.IO 2 leave it to the server to say that a packet has attachments. */
function withBinaryType(packet: Packet): Packet {
  if (packet.type === PacketType.EVENT && hasBinary(packet.data)) return { ...packet, type: PacketType.BINARY_EVENT };
  if (packet.type === PacketType.ACK && hasBinary(packet.data)) return { ...packet, type: PacketType.BINARY_ACK };
  return packet;
}

/**
 * `io.encoder`: the chosen format under both contracts, so that adapters of either generation can use it.
 * @since Socket.IO 2
 */
export class PacketEncoder {
  readonly #encoder: InstanceType<Parser['Encoder']>;
  readonly #calls: boolean;

  /** Made by the server. @param parser the format @since Broadside */
  constructor(parser: Parser) {
    this.#encoder = new parser.Encoder();
    this.#calls = this.#encoder.encode.length >= 2;
  }

  /**
   * Serialises at the call, so later changes of the arguments have no effect.
   *
   * @param packet type, namespace, id and data
   * @param callback gets the frames too, within the call
   * @returns the header text and its attachments, or whatever frames the format makes
   * @throws what the format throws, for the default one what `JSON.stringify` throws @since Socket.IO 2
   */
  encode(packet: Packet, callback?: (frames: PacketFrames) => void): PacketFrames {
    // hot: every packet.
    const frames = (this.#calls ? this.#collect(packet) : this.#encoder.encode(packet)) as (string | Uint8Array)[];
    for (let i = 0; i < frames.length; i++) frames[i] = toBytes(frames[i]);
    callback?.(frames);
    return frames;
  }

  #collect(packet: Packet): unknown[] {
    let frames: unknown[] | undefined;
    this.#encoder.encode(withBinaryType(packet), (encoded) => {
      frames = encoded;
    });
    if (frames === undefined) throw new TypeError('The encoder of the parser gave no frames within the call.');
    return frames;
  }
}
