/** Packets for the payload tests: made, made random, made readable, and in the form of the reference parsers. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { InPacket, OutPacket } from '../../core/wire/payload.ts';
import type { Random } from '../support/random.ts';

/** More packets than any body of the tests has. */
export const LIMITS = { maxPackets: 100_000 };

/** The engine.io-parser of a reference server: `socket.io` for revision 4, `socket.io-2` for revision 3. */
export function oracleParser(server: 'socket.io' | 'socket.io-2'): any {
  const fromServer = createRequire(createRequire(import.meta.url).resolve(server));
  return createRequire(fromServer.resolve('engine.io'))('engine.io-parser');
}

/** Names of the reference parsers, by type. */
export const TYPES = ['open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop'];

const ALPHABET = ['a', '0', ':', 'b', '"', 'é', '€', '😀', '\u0000', '\n', '\u2028'];

export function text(type: number, data: string): OutPacket {
  return { type, binary: false, data: Buffer.from(data) };
}

export function binary(bytes: readonly number[]): OutPacket {
  return { type: 4, binary: true, data: Uint8Array.from(bytes) };
}

/** Text and binary mixed; some data is long. */
export function randomPackets(random: Random, count: number): OutPacket[] {
  return Array.from({ length: count }, () => {
    const size = random.chance(0.05) ? random.below(2000) : random.below(12);
    if (random.chance(0.3)) return binary(Array.from({ length: size }, () => random.below(256)));
    let data = '';
    for (let i = 0; i < size; i++) data += random.pick(ALPHABET);
    return text(random.below(7), data);
  });
}

/** The same packet with its data in the middle of shared memory. */
export function shared(packet: OutPacket): OutPacket {
  const memory = new Uint8Array(new SharedArrayBuffer(packet.data.length + 16)).subarray(5, 5 + packet.data.length);
  memory.set(packet.data);
  return { ...packet, data: memory };
}

export function readable({ type, binary: isBinary, data }: InPacket): { type: number; data: string | Buffer } {
  return { type, data: isBinary ? Buffer.from(data) : Buffer.from(data).toString() };
}

export function toOracle({ type, binary: isBinary, data }: OutPacket): { type: string; data: string | Buffer } {
  return { type: TYPES[type], data: isBinary ? Buffer.from(data) : Buffer.from(data).toString() };
}

/**
 * What two parsers of one body have to agree on. Of characters above U+00FF inside base64 Node reads the low byte as if it
 * were a digit, and here they are skipped; so in a body with such characters the bytes of binary packets are left out.
 */
export function comparable<T extends { data: string | Buffer }>(packets: readonly T[], body: Buffer): unknown[] {
  const wide = [...body.toString()].some((character) => character > '\u00ff');
  return packets.map((packet) => (wide && typeof packet.data !== 'string' ? { ...packet, data: 'binary' } : packet));
}

/** A view of the body has to lie inside it; data of its own is no larger than what it came from, three times at most. */
export function assertInside({ data }: InPacket, body: Buffer): void {
  if (data.buffer === body.buffer && data.byteOffset >= body.byteOffset) {
    if (data.byteOffset < body.byteOffset + body.length) {
      assert.ok(data.byteOffset + data.length <= body.byteOffset + body.length);
    }
  }
  assert.ok(data.length <= body.length * 3);
}
