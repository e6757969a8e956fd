/**
 * Seeded nonsense for the decoders that clients can reach on the app thread, and for those that no other test feeds it:
 * each returns something sound or throws an Error, and leaves nothing behind. Payloads, frames, headers and stored
 * requests have their own such tests beside their other ones, in test/wire.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRelayedClient } from '../../core/agents/relay-address.ts';
import { decodeMsgpack } from '../../core/api/msgpack-decode.ts';
import { MSGPACK_PARSER, MsgpackEncoder } from '../../core/api/msgpack-parser.ts';
import { checkDepth, PacketDecoder } from '../../core/api/packet-decoder.ts';
import { DEFAULT_PARSER, type Packet, PacketType } from '../../core/api/parser.ts';
import { RESERVED_EVENTS } from '../../core/api/reserved-events.ts';
import { decodeJsonpBody } from '../../core/wire/jsonp.ts';
import { decodePayloadV3 } from '../../core/wire/payload-v3.ts';
import { decodePayloadV4 } from '../../core/wire/payload-v4.ts';
import { parseQuery } from '../../core/wire/request-info.ts';
import { Random, SEED } from '../support/random.ts';
import { mutate, PACKETS, randomBytes } from './mutate.ts';

const ROUNDS = 20_000;
const LIMITS = { maxDepth: 8, maxArguments: 5, maxAttachments: 3 };

/** Calls `decode`; what it throws must be a plain refusal, not a stack that ran over or a mistake of ours. */
function refuses(decode: () => void): boolean {
  try {
    decode();
    return false;
  } catch (error) {
    assert.ok(error instanceof Error, String(error));
    const isMistake = error instanceof TypeError || error instanceof ReferenceError || /call stack/.test(error.message);
    if (isMistake) throw error;
    return true;
  }
}

/** Containers around each other, 0 for none. Bytes are no container. */
function depthOf(value: unknown): number {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array || value instanceof ArrayBuffer)
    return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function randomValue(random: Random, left: number): unknown {
  switch (random.below(left > 0 ? 9 : 7)) {
    case 0:
      return random.pick([0, -1, 127, 128, -33, 65_536, -(2 ** 31), 2 ** 32, 2 ** 53, 0.5, -1e300]);
    case 1:
      return random.pick([null, true, false]);
    case 2:
      return 'é'.repeat(random.below(40));
    case 3:
      return 'x'.repeat(random.pick([31, 32, 255, 256, 70_000]));
    case 4:
      return randomBytes(random, 300);
    case 5:
      return new Date(random.below(2 ** 31) * 1000);
    case 6:
      return '__proto__';
    case 7:
      return Array.from({ length: random.below(20) }, () => randomValue(random, left - 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(20) }, (_, i) => [
          random.pick(['a', 'b€', `${i}`]),
          randomValue(random, left - 1),
        ]),
      );
  }
}

function nested(random: Random, depth: number): unknown {
  let value = randomValue(random, 1);
  for (let level = 0; level < depth; level++) value = random.chance(0.5) ? [value] : { a: value };
  return value;
}

/** A key may be there twice: then the value has lost what the text still has. */
function hasTwinKeys(text: string): boolean {
  const keys = text.match(/"(?:[^"\\]|\\.)*"\s*:/g) ?? [];
  return new Set(keys).size < keys.length;
}

function assertSound({ type, nsp, id, data }: Packet): void {
  assert.ok(type in PacketType);
  assert.equal(typeof nsp, 'string');
  assert.ok(id === undefined || Number.isSafeInteger(id));
  assert.ok(depthOf(data) <= LIMITS.maxDepth, 'nested deeper than allowed');
  if (type === PacketType.EVENT || type === PacketType.BINARY_EVENT) {
    assert.ok(Array.isArray(data) && data.length <= LIMITS.maxArguments);
    assert.ok(typeof data[0] === 'number' || typeof data[0] === 'string');
    assert.ok(!RESERVED_EVENTS.has(data[0]));
  } else if (type === PacketType.ACK || type === PacketType.BINARY_ACK) {
    assert.ok(Array.isArray(data) && data.length <= LIMITS.maxArguments);
  }
}

describe(`decoders under nonsense, seed ${SEED}:`, () => {
  it('MessagePack of any value is read as it was written', () => {
    const random = new Random();
    const encoder = new MsgpackEncoder();
    for (let round = 0; round < ROUNDS / 20; round++) {
      const data = [randomValue(random, 4)];
      const [bytes] = encoder.encode({ type: PacketType.EVENT, nsp: '/', data });
      assert.deepEqual(decodeMsgpack(bytes, 64), { type: 2, nsp: '/', data });
    }
  });

  it('damaged MessagePack is refused, or nested no deeper than allowed', () => {
    const random = new Random();
    const encoder = new MsgpackEncoder();
    let refused = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const [good] = encoder.encode({ type: PacketType.EVENT, nsp: '/', data: [randomValue(random, 2)] });
      const bytes = random.chance(0.2) ? randomBytes(random, 60) : mutate(random, Buffer.from(good));
      const isRefused = refuses(() => {
        assert.ok(depthOf(decodeMsgpack(bytes, LIMITS.maxDepth)) <= LIMITS.maxDepth);
      });
      if (isRefused) refused++;
    }
    assert.ok(refused > ROUNDS / 10 && refused < ROUNDS, `${refused} refused`);
    assert.equal(Object.keys(Object.prototype).length, 0);
  });

  for (const [name, head] of [
    ['arrays', [0x91]],
    ['maps', [0x81, 0x00]],
    ['long arrays', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['long maps', [0xdf, 0xff, 0xff, 0xff, 0xff, 0x00]],
  ] as const) {
    it(`a million MessagePack ${name} around each other are refused at once`, () => {
      const bytes = Buffer.concat(Array.from({ length: 1_000_000 }, () => Buffer.from(head)));
      assert.throws(() => decodeMsgpack(bytes, 64), /nested too deep/);
    });
  }

  it('the depth of JSON text is that of its value', () => {
    const random = new Random();
    let containers = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const text = mutate(random, Buffer.from(random.pick(PACKETS).replace(/^[^[{]*/, ''))).toString();
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        refuses(() => checkDepth(text, 3)); // whatever it says of what is no JSON, it ends
        continue;
      }
      const depth = depthOf(value);
      if (depth === 0 || hasTwinKeys(text)) continue;
      containers++;
      assert.throws(() => checkDepth(text, depth - 1), /nested too deep/, text);
      checkDepth(text, depth);
    }
    assert.ok(containers > 100, `${containers} texts`);
  });

  for (const [name, parser] of [
    ['JSON', DEFAULT_PARSER],
    ['MessagePack', MSGPACK_PARSER],
  ] as const) {
    it(`damaged ${name} packets are refused, or sound`, () => {
      const random = new Random();
      const encoder = new MsgpackEncoder();
      const tally = { sound: 0, refused: 0, due: 0 };
      let decoder = new PacketDecoder(parser, LIMITS);
      const frame = (): unknown => {
        if (name === 'JSON') {
          if (random.chance(0.3)) return randomBytes(random, 20);
          return mutate(random, Buffer.from(random.pick(PACKETS).slice(1))).toString();
        }
        if (random.chance(0.05)) return random.pick(PACKETS);
        const data = [random.pick(['a', 'b', 7, 'connect', {}]), nested(random, random.below(9))];
        const [good] = encoder.encode({
          type: random.pick([2, 2, 2, 3, 0, 1, 4, 5, 6, 7]) as PacketType,
          nsp: random.pick(['/', '/chat']),
          data,
          id: random.below(5),
        });
        return random.chance(0.5) ? good : mutate(random, Buffer.from(good));
      };
      for (let round = 0; round < ROUNDS / 2; round++) {
        const next = frame();
        const isRefused = refuses(() => {
          const packet = decoder.add(next);
          if (packet === undefined) tally.due++;
          else {
            assertSound(packet);
            tally.sound++;
          }
        });
        if (!isRefused) continue;
        tally.refused++;
        decoder.destroy();
        decoder = new PacketDecoder(parser, LIMITS); // its client is closed
      }
      assert.ok(tally.sound > 300 && tally.refused > 300, JSON.stringify(tally));
      assert.equal('polluted' in {}, false);
    });
  }

  it('JSONP bodies become payloads of at most as many packets as allowed, or none', () => {
    const random = new Random();
    let decoded = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const packets = Array.from({ length: random.between(1, 8) }, () => random.pick(PACKETS));
      const v3 = packets.map((packet) => `${packet.length}:${packet}`).join('');
      const form = `d=${encodeURIComponent(random.chance(0.5) ? v3 : packets.join('\x1e'))}`;
      const body = decodeJsonpBody(random.chance(0.2) ? Buffer.from(form) : mutate(random, Buffer.from(form)));
      if (body === undefined) continue;
      for (const payload of [
        decodePayloadV3(body, false, { maxPackets: 4 }),
        decodePayloadV4(body, { maxPackets: 4 }),
      ]) {
        assert.ok(payload.packets.length <= 4);
        if (payload.valid) decoded++;
      }
    }
    assert.ok(decoded > 500, `${decoded} decoded`);
  });

  it('what the relay says of a client is read as it was written; what is damaged names no impossible port', () => {
    assert.deepEqual(parseRelayedClient('::1 8080 1'), { address: '::1', port: 8080, secure: true });
    assert.deepEqual(parseRelayedClient(''), { address: '', port: undefined, secure: false });
    const random = new Random();
    for (let round = 0; round < ROUNDS; round++) {
      const text = mutate(random, Buffer.from('::ffff:127.0.0.1 54321 1')).toString('latin1');
      const { address, port, secure } = parseRelayedClient(text);
      assert.ok(!address.includes(' '));
      assert.ok(port === undefined || !Number.isNaN(port));
      assert.equal(typeof secure, 'boolean');
    }
  });

  it('queries are maps without a prototype, of texts and lists of texts', () => {
    const random = new Random();
    for (let round = 0; round < ROUNDS; round++) {
      const url = mutate(
        random,
        Buffer.from('/socket.io/?EIO=4&transport=polling&sid=a%62c&j=0&b64=1&__proto__=x&sid=d'),
      );
      const query = parseQuery(url.toString('latin1'));
      assert.equal(Object.getPrototypeOf(query), null);
      for (const value of Object.values(query).flat()) assert.equal(typeof value, 'string');
    }
  });
});
