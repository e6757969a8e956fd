/**
 * Seeded damage to bytes, and the good bytes that are damaged. Test processes run it.
 */
import { binary, frame, text } from '../compat/frame-bytes.ts';
import type { Random } from '../support/random.ts';

/** Bytes that parsers look out for. */
const INTERESTING: readonly Buffer[] = [
  '\0',
  '\r\n',
  '\r\n\r\n',
  '\x1e',
  '\xff',
  '"',
  '[',
  '{',
  ']',
  '}',
  ':',
  ',',
  '-',
  '/',
  '0',
  '99999999999999999999',
  '_placeholder',
  '__proto__',
  'b',
  '%00',
  '2probe',
  '5',
  '451-',
].map((content) => Buffer.from(content, 'latin1'));

export const PACKETS: readonly string[] = [
  '40',
  '40/chat,{"token":1}',
  '41/chat,',
  '42["a",1,{"x":[null,true]}]',
  '42/chat,["a","€"]',
  '421["a"]',
  '43999["a"]',
  '44"oops"',
  '451-["a",{"_placeholder":true,"num":0}]',
  '452-/chat,7["a",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]',
  '461-3[{"_placeholder":true,"num":0}]',
  '42["again",[[[[{"a":{"b":[]}}]]]]]',
  '42["merge",{"__proto__":{"polluted":1}}]',
  'bAQIDBA==',
  '2',
  '3',
  '6',
  '1',
  '5',
  '0{}',
];

export function randomBytes(random: Random, maxLength: number): Buffer {
  return Buffer.from(Array.from({ length: random.below(maxLength + 1) }, () => random.below(256)));
}

/** One to four changes: a flipped bit, a new byte, a cut, a repeat, something interesting put in. */
export function mutate(random: Random, original: Buffer): Buffer {
  let bytes = Buffer.from(original);
  for (let changes = random.between(1, 4); changes > 0; changes--) {
    const at = random.below(bytes.length + 1);
    const to = Math.min(bytes.length, at + random.below(16));
    switch (random.below(5)) {
      case 0:
        if (at < bytes.length) bytes[at] ^= 1 << random.below(8);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = random.below(256);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), random.pick(INTERESTING), bytes.subarray(at)]);
        break;
    }
  }
  return bytes;
}

/** A good frame with a good, damaged or meaningless payload. */
export function randomFrame(random: Random): Buffer {
  const packet = Buffer.from(random.pick(PACKETS));
  const payload = random.chance(0.3) ? packet : random.chance(0.6) ? mutate(random, packet) : randomBytes(random, 200);
  if (random.chance(0.1)) return frame({ opcode: random.pick([0, 1, 2, 8, 9, 10]), fin: random.chance(0.5), payload });
  // Text that is no UTF-8 ends a connection at once: most payloads should get further.
  return random.chance(0.15) ? binary(payload) : text(random.chance(0.9) ? payload.toString() : payload);
}
