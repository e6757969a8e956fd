/** Polling payloads of revision 3, text and binary: beside engine.io-parser 2, with hostile bodies, and within bounds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OutPacket } from '../../core/wire/payload.ts';
import { decodePayloadV3, encodePayloadV3 } from '../../core/wire/payload-v3.ts';
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

const oracle = oracleParser('socket.io-2');

interface Decoded {
  packets: { type: number; data: string | Buffer }[];
  valid: boolean;
}

function decode(body: string | Uint8Array, isBinary = false, maxPackets = LIMITS.maxPackets): Decoded {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const { packets, valid } = decodePayloadV3(bytes, isBinary, { maxPackets });
  return { packets: packets.map(readable), valid };
}

function oracleEncode(packets: readonly OutPacket[], supportsBinary: boolean): string | Buffer {
  let encoded: string | Buffer = '';
  oracle.encodePayload(packets.map(toOracle), supportsBinary, (payload: string | Buffer) => {
    encoded = payload;
  });
  return encoded;
}

function oracleDecode(body: Buffer, isBinary: boolean): Decoded {
  const packets: Decoded['packets'] = [];
  let valid = true;
  oracle.decodePayload(isBinary ? body : body.toString(), 'nodebuffer', (packet: { type?: string; data?: string }) => {
    if (packet.type === 'error') valid = false;
    else packets.push({ type: TYPES.indexOf(packet.type ?? ''), data: packet.data ?? '' });
  });
  return { packets, valid };
}

describe('encoding', () => {
  test('text has lengths in UTF-16 units and binary is base64 when the client cannot read binary', () => {
    const { body, binary: isBinary } = encodePayloadV3([text(4, '2["€😀"]'), binary([1, 2, 3]), text(6, '')], false);
    assert.equal(isBinary, false);
    assert.equal(body.toString(), '9:42["€😀"]6:b4AQID1:6');
  });

  test('the binary form has one flag, one byte per digit, FF, and the type in every packet', () => {
    const { body, binary: isBinary } = encodePayloadV3([binary([1, 2, 3]), text(4, '€12345678')], true);
    assert.equal(isBinary, true);
    assert.equal(body.toString('hex'), `0104ff04010203${'000102ff'}34e282ac3132333435363738`);
  });

  test('text alone stays text for a client that reads binary', () => {
    assert.deepEqual(encodePayloadV3([text(2, '')], true), { body: Buffer.from('1:2'), binary: false });
  });

  test('an empty list is `0:`', () => {
    for (const supportsBinary of [true, false]) {
      assert.deepEqual(encodePayloadV3([], supportsBinary), { body: Buffer.from('0:'), binary: false });
    }
  });

  test('random packets come out as the reference encodes them, from shared memory too', () => {
    const random = new Random();
    for (let round = 0; round < 1000; round++) {
      const packets = randomPackets(random, random.below(6));
      const supportsBinary = random.chance(0.5);
      const expected = oracleEncode(packets, supportsBinary);
      for (const given of [packets, packets.map(shared)]) {
        const { body, binary: isBinary } = encodePayloadV3(given, supportsBinary);
        assert.equal(isBinary, typeof expected !== 'string');
        assert.ok(body.equals(Buffer.from(expected as string)));
      }
    }
  });
});

describe('decoding', () => {
  test('what was encoded is read back, in both forms', () => {
    const random = new Random();
    for (let round = 0; round < 1000; round++) {
      const packets = randomPackets(random, 1 + random.below(6));
      const { body, binary: isBinary } = encodePayloadV3(packets, random.chance(0.5));
      assert.deepEqual(decode(body, isBinary), { packets: packets.map(readable), valid: true });
      assert.deepEqual(oracleDecode(body, isBinary), { packets: packets.map(readable), valid: true });
    }
  });

  test('`0:` is skipped, before, between and after packets', () => {
    assert.deepEqual(decode('0:'), { packets: [], valid: true });
    assert.deepEqual(decode('0:2:4a0:1:60:').packets, [
      { type: 4, data: 'a' },
      { type: 6, data: '' },
    ]);
  });

  test('an empty body is a fault as text and holds nothing as binary', () => {
    assert.deepEqual(decode(''), { packets: [], valid: false });
    assert.deepEqual(decode('', true), { packets: [], valid: true });
  });

  // The reference takes the ones marked, because it reads lengths with Number() and never checks the type after `b`.
  const REFUSED: readonly [body: string, takenByReference: boolean][] = [
    [':4a', false],
    ['4a', false],
    ['3:4a', false],
    ['1:4a', false],
    ['2:4a1', false],
    ['2:4a1:', false],
    ['1:7', false],
    ['1:x', false],
    ['-1:4a', false],
    ['1.5:4a', false],
    ['NaN:4a', false],
    ['1e400:4a', false],
    ['99999999999999999999:4a', false],
    ['2:4😀', false],
    ['0x2:4a', true],
    ['2e0:4a', true],
    [' 2:4a', true],
    ['+2:4a', true],
    ['00000000002:4a', true],
    ['1:b', true],
    ['2:b9', true],
    ['6:b2AQID', true],
  ];
  for (const [body, takenByReference] of REFUSED) {
    test(`${JSON.stringify(body)} is refused${takenByReference ? ', unlike by the reference' : ''}`, () => {
      assert.equal(decode(body).valid, false);
      assert.equal(oracleDecode(Buffer.from(body), false).valid, takenByReference);
    });
  }

  const BINARY_REFUSED: readonly [name: string, hex: string][] = [
    ['a flag that is neither', '0201ff04'],
    ['no length', '01ff04'],
    ['no end of the length', '0101'],
    ['a length with a byte above 9', '010aff04040404040404040404'],
    ['a length with an ASCII digit', '0131ff04'],
    ['a length of eleven digits', '010000000000000000000001ff04'],
    ['a length past the end', '0102ff04'],
    ['a length past every number', `01${'09'.repeat(400)}ff04`],
    ['a binary packet without type', '0100ff'],
    ['a binary packet that is no message', '0102ff0201'],
    ['a text packet without type', '0000ff'],
    ['a text packet of unknown type', '0001ff39'],
    ['ill-formed UTF-8', '0002ff34ff'],
    ['a surrogate in UTF-8', '0004ff34eda080'],
    ['UTF-8 that ends in the next packet', '0003ff34e2820001ffac'],
    ['one byte left over', '0101ff0400'],
  ];
  for (const [name, hex] of BINARY_REFUSED) {
    test(`the binary form with ${name} is refused`, () => {
      const { valid, packets } = decode(Buffer.from(`0102ff0463${hex}`, 'hex'), true);
      assert.equal(valid, false);
      assert.deepEqual(packets[0], { type: 4, data: Buffer.from('c') });
      assert.equal(decode(Buffer.from(hex, 'hex'), true).valid, false);
    });
  }

  test('base64 inside a text packet of the binary form is a binary message', () => {
    assert.deepEqual(decode(Buffer.from('0006ff623441514944', 'hex'), true), {
      packets: [{ type: 4, data: Buffer.from([1, 2, 3]) }],
      valid: true,
    });
  });

  test('ill-formed UTF-8 in the text form is replaced by U+FFFD and counts as one unit', () => {
    assert.deepEqual(decode(Buffer.from([0x33, 0x3a, 0x34, 0xff, 0x61])), {
      packets: [{ type: 4, data: '\ufffda' }],
      valid: true,
    });
  });

  test('a packet more than allowed is a fault, as many as allowed are not', () => {
    const two = Buffer.from('0101ff040101ff04', 'hex');
    assert.equal(decode('1:61:6', false, 2).valid, true);
    assert.equal(decode('1:61:60:', false, 2).valid, true);
    assert.deepEqual(decode('1:61:6', false, 1), { packets: [{ type: 6, data: '' }], valid: false });
    assert.equal(decode(two, true, 2).valid, true);
    assert.equal(decode(two, true, 1).packets.length, 1);
    assert.equal(decode(two, true, 1).valid, false);
  });

  test('a megabyte of digits, of empty packets and of wide characters is read to its end', () => {
    assert.equal(decode('9'.repeat(1_000_000)).valid, false);
    assert.equal(decode('0:'.repeat(500_000)).valid, true);
    assert.equal(decode(`600001:4${'😀'.repeat(300_000)}`).packets[0].data.length, 600_000);
    assert.equal(decode(Buffer.alloc(1_000_000, 9), true).valid, false);
  });

  test('random and damaged text is read as the reference reads it, wherever that is strict', () => {
    const random = new Random();
    for (let round = 0; round < 4000; round++) {
      const body =
        round % 2 === 0 ? randomText(random) : damage(random, encodePayloadV3(randomPackets(random, 4), false).body);
      compare(body, false);
    }
  });

  test('random and damaged binary is read as the reference reads it, wherever that is strict', () => {
    const random = new Random();
    for (let round = 0; round < 4000; round++) {
      const packets = [binary([round & 255]), ...randomPackets(random, 3)];
      const body = round % 2 === 0 ? randomBinary(random) : damage(random, encodePayloadV3(packets, true).body);
      compare(body, true);
    }
  });
});

/** What is accepted here the reference accepts too, with the same packets; so what it refuses is refused here. */
function compare(body: Buffer, isBinary: boolean): void {
  const result = decodePayloadV3(body, isBinary, LIMITS);
  const expected = oracleDecode(body, isBinary);
  const packets = result.packets.map(readable);
  if (result.valid) {
    assert.equal(expected.valid, true, body.toString('hex'));
    assert.deepEqual(comparable(packets, body), comparable(expected.packets, body), body.toString('hex'));
  }
  for (const packet of result.packets) assertInside(packet, body);
}

function randomText(random: Random): Buffer {
  const alphabet = ['0', '1', '1', '2', '2', '3', ':', ':', ':', '4', '4', '6', 'b', 'b4', '=', 'A', 'é', '€', '😀'];
  return Buffer.from(Array.from({ length: random.below(14) }, () => random.pick(alphabet)).join(''));
}

function randomBinary(random: Random): Buffer {
  const alphabet = [0, 0, 1, 1, 2, 3, 4, 4, 9, 0xff, 0xff, 0xff, 0x34, 0x62, 0x41, 0xc3, 0xa9];
  return Buffer.from(Array.from({ length: random.below(14) }, () => random.pick(alphabet)));
}

function damage(random: Random, body: Buffer): Buffer {
  for (let i = random.below(4); i > 0 && body.length > 0; i--) body[random.below(body.length)] = random.below(256);
  return random.chance(0.2) ? body.subarray(0, random.below(body.length + 1)) : body;
}
