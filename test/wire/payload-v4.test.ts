/** Polling payloads of revision 4: beside engine.io-parser 5, with hostile bodies, and within bounds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OutPacket } from '../../core/wire/payload.ts';
import { decodePayloadV4, encodePayloadV4 } from '../../core/wire/payload-v4.ts';
import { Random } from '../support/random.ts';
import {
  assertInside,
  binary,
  comparable,
  LIMITS,
  oracleParser,
  randomPackets,
  readable,
  shared,
  TYPES,
  text,
  toOracle,
} from './payload-support.ts';

const oracle = oracleParser('socket.io');

function decode(body: string | Uint8Array, maxPackets = LIMITS.maxPackets) {
  const { packets, valid } = decodePayloadV4(typeof body === 'string' ? Buffer.from(body) : body, { maxPackets });
  return { packets: packets.map(readable), valid };
}

function oracleEncode(packets: readonly OutPacket[]): string {
  let encoded = '';
  oracle.encodePayload(packets.map(toOracle), (payload: string) => {
    encoded = payload;
  });
  return encoded;
}

/** The reference reads a request as a string and ends at its first error packet. */
function oracleDecode(body: Uint8Array) {
  const found: { type: string; data?: string | Buffer }[] = oracle.decodePayload(Buffer.from(body).toString('utf8'));
  const packets = found.filter(({ type }) => type !== 'error');
  return {
    packets: packets.map(({ type, data = '' }) => ({ type: TYPES.indexOf(type), data })),
    valid: packets.length === found.length,
  };
}

describe('encoding', () => {
  test('packets are joined by the separator and binary is base64', () => {
    const body = encodePayloadV4([text(4, 'hello'), binary([1, 2, 3, 4]), text(6, '')]);
    assert.equal(body.toString(), '4hello\x1ebAQIDBA==\x1e6');
  });

  test('an empty list gives an empty body', () => {
    assert.equal(encodePayloadV4([]).length, 0);
  });

  test('random packets come out as the reference encodes them, from shared memory too', () => {
    const random = new Random();
    for (let round = 0; round < 1000; round++) {
      const packets = randomPackets(random, 1 + random.below(6));
      const expected = oracleEncode(packets);
      assert.equal(encodePayloadV4(packets).toString(), expected);
      assert.equal(encodePayloadV4(packets.map(shared)).toString(), expected);
    }
  });
});

describe('decoding', () => {
  test('what was encoded is read back', () => {
    const random = new Random();
    for (let round = 0; round < 500; round++) {
      const packets = randomPackets(random, 1 + random.below(6)).filter(({ data }) => !data.includes(0x1e));
      if (packets.length === 0) continue;
      assert.deepEqual(decode(encodePayloadV4(packets)), { packets: packets.map(readable), valid: true });
    }
  });

  for (const body of ['', 'xyz', '9', '\x1e', '\x1e\x1e\x1e', '7', '-1', '\ufeff4a', ' 4']) {
    test(`${JSON.stringify(body)} is no payload`, () => {
      assert.deepEqual(decode(body), { packets: [], valid: false });
    });
  }

  test('packets before the first fault are kept, those after it are not', () => {
    assert.deepEqual(decode('4a\x1e4b\x1ex\x1e4c'), {
      packets: [
        { type: 4, data: 'a' },
        { type: 4, data: 'b' },
      ],
      valid: false,
    });
    assert.deepEqual(decode('4a\x1e'), { packets: [{ type: 4, data: 'a' }], valid: false });
  });

  test('ill-formed UTF-8 is replaced by U+FFFD', () => {
    const body = Buffer.from([0x34, 0xff, 0x61, 0x1e, 0x34, 0xed, 0xa0, 0x80, 0x1e, 0x34, 0xe2, 0x82]);
    const { packets, valid } = decode(body);
    assert.ok(valid);
    assert.deepEqual(packets, oracleDecode(body).packets);
    assert.deepEqual(packets[0], { type: 4, data: '\ufffda' });
  });

  test('a packet more than allowed is a fault, as many as allowed are not', () => {
    assert.equal(decode('4a\x1e4b\x1e4c', 3).valid, true);
    const { packets, valid } = decode('4a\x1e4b\x1e4c', 2);
    assert.equal(valid, false);
    assert.equal(packets.length, 2);
  });

  test('16,384 separators and 16,384 packets end quickly', () => {
    assert.deepEqual(decode('\x1e'.repeat(16_384)), { packets: [], valid: false });
    const { packets, valid } = decode(Array(16_384).fill('6').join('\x1e'));
    assert.equal(packets.length, 16_384);
    assert.ok(valid);
  });

  test('text packets are views of the body, binary ones own their memory', () => {
    const body = Buffer.from('4a\x1ebAQID');
    const { packets } = decodePayloadV4(body, LIMITS);
    body.fill(0x7a);
    assert.deepEqual(packets.map(readable), [
      { type: 4, data: 'z' },
      { type: 4, data: Buffer.from([1, 2, 3]) },
    ]);
  });

  test('random and damaged bodies are read as the reference reads them', () => {
    const random = new Random();
    for (let round = 0; round < 4000; round++) {
      const body = round % 2 === 0 ? randomBody(random) : damage(random, encodePayloadV4(randomPackets(random, 4)));
      const result = decodePayloadV4(body, LIMITS);
      const expected = oracleDecode(body);
      assert.equal(result.valid, expected.valid, body.toString('hex'));
      assert.deepEqual(
        comparable(result.packets.map(readable), body),
        comparable(expected.packets, body),
        body.toString('hex'),
      );
      for (const packet of result.packets) assertInside(packet, body);
    }
  });
});

/** Bytes of which many mean something here. */
function randomBody(random: Random): Buffer {
  const alphabet = [
    0x1e, 0x1e, 0x30, 0x31, 0x34, 0x34, 0x36, 0x37, 0x62, 0x62, 0x3d, 0x41, 0x2b, 0x5f, 0xc3, 0xa9, 0xe2, 0xff,
  ];
  return Buffer.from(Array.from({ length: random.below(30) }, () => random.pick(alphabet)));
}

function damage(random: Random, body: Buffer): Buffer {
  for (let i = random.below(4); i > 0 && body.length > 0; i--) body[random.below(body.length)] = random.below(256);
  return body;
}
