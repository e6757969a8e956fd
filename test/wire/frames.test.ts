/** The layout of packets in records: written and read back, on shared memory too, and with damaged bytes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FrameReader, packetByteBound, packetByteLength, writePacket } from '../../core/wire/frames.ts';
import { Random } from '../support/random.ts';

type Frame = string | Uint8Array;

/** What a reader finds: text as string, binary as Buffer, both without the type byte that is checked here. */
function readAll(memory: Uint8Array, offset: number, length: number): Frame[] {
  const reader = new FrameReader();
  reader.reset(memory, offset, length);
  const found: Frame[] = [];
  while (reader.next()) {
    const data = Buffer.from(memory.slice(reader.offset, reader.offset + reader.length));
    assert.equal(data[0], reader.isBinary ? 0x04 : 0x34);
    found.push(reader.isBinary ? data.subarray(1) : data.subarray(1).toString());
  }
  assert.equal(reader.next(), false);
  return found;
}

function asBuffers(frames: readonly Frame[]): Frame[] {
  return frames.map((frame) => (typeof frame === 'string' ? frame : Buffer.from(frame)));
}

function randomFrames(random: Random): Frame[] {
  const alphabet = ['a', '0', '"', 'é', '€', '😀', '\u0000'];
  return Array.from({ length: random.below(5) }, () => {
    const size = random.chance(0.05) ? random.below(5000) : random.below(20);
    if (random.chance(0.4)) return Uint8Array.from({ length: size }, () => random.below(256));
    let text = '';
    for (let i = 0; i < size; i++) text += random.pick(alphabet);
    return text;
  });
}

const MEMORIES: readonly [string, (bytes: number) => Uint8Array][] = [
  ['a Buffer', (bytes) => Buffer.alloc(bytes, 0xaa)],
  ['a Buffer over shared memory', (bytes) => Buffer.from(new SharedArrayBuffer(bytes)).fill(0xaa)],
  ['a Uint8Array over shared memory', (bytes) => new Uint8Array(new SharedArrayBuffer(bytes)).fill(0xaa)],
];

for (const [name, allocate] of MEMORIES) {
  describe(`in ${name}`, () => {
    test('random packets are read back as they were written, and nothing beside them is touched', () => {
      const random = new Random();
      const memory = allocate(64 * 1024);
      for (let round = 0; round < 500; round++) {
        const frames = randomFrames(random);
        const offset = random.below(100) * 4;
        const written = writePacket(memory, offset, frames);
        assert.equal(written, packetByteLength(frames));
        assert.equal(written % 4, 0);
        assert.ok(written <= packetByteBound(frames));
        assert.deepEqual(readAll(memory, offset, written), asBuffers(frames));
        for (let at = 0; at < offset; at++) assert.equal(memory[at], 0xaa);
        for (let at = offset + written; at < offset + written + 8; at++) assert.equal(memory[at], 0xaa);
        memory.fill(0xaa, offset, offset + written);
      }
    });

    test('a packet fills its memory exactly and is refused by one that is four bytes shorter', () => {
      const packets: Frame[][] = [
        ['abc'],
        ['abcd'],
        ['aé€😀'],
        ['😀'],
        ['', new Uint8Array(0)],
        [new Uint8Array(3)],
        ['a'.repeat(3000)],
      ];
      for (const frames of packets) {
        const bytes = packetByteLength(frames);
        const exact = allocate(bytes);
        assert.equal(writePacket(exact, 0, frames), bytes);
        assert.deepEqual(readAll(exact, 0, bytes), asBuffers(frames));
        for (let less = 4; less <= bytes; less += 4) {
          assert.throws(() => writePacket(allocate(bytes - less), 0, frames), RangeError, `${frames}, ${less} less`);
        }
      }
    });
  });
}

test('one packet lies in memory as the layout says', () => {
  const memory = Buffer.alloc(20, 0xff);
  assert.equal(writePacket(memory, 0, ['2€', Uint8Array.of(7, 8)]), 20);
  assert.deepEqual([...memory.subarray(0, 12)], [10, 0, 0, 0, 0x34, 0x32, 0xe2, 0x82, 0xac, 0, 0, 0]);
  assert.deepEqual([...memory.subarray(12)], [7, 0, 0, 0, 0x04, 7, 8, 0]);
});

test('no frames take no bytes', () => {
  assert.equal(writePacket(Buffer.alloc(0), 0, []), 0);
  assert.equal(packetByteLength([]), 0);
  assert.deepEqual(readAll(Buffer.alloc(0), 0, 0), []);
});

test('a surrogate without its partner becomes a replacement character of the measured length', () => {
  for (const text of ['\ud800', 'a\udc00b', `${'x'.repeat(20)}\ud83d` + `\ude00${'y'.repeat(20)}`]) {
    const bytes = packetByteLength([text]);
    const memory = Buffer.alloc(bytes);
    assert.equal(writePacket(memory, 0, [text]), bytes);
    assert.deepEqual(readAll(memory, 0, bytes), [Buffer.from(text).toString()]);
  }
});

test('damaged records are refused with a RangeError, and no frame leaves the range', () => {
  const random = new Random();
  const reader = new FrameReader();
  let refused = 0;
  let frames = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = new Uint8Array(64);
    for (let at = 0; at < 64; at++)
      bytes[at] = at % 4 === 0 ? random.below(40) : random.chance(0.02) ? random.below(256) : 0;
    const offset = random.below(20);
    const length = random.below(64 - offset + 1);
    reader.reset(bytes, offset, length);
    try {
      while (reader.next()) {
        frames++;
        assert.ok(reader.length >= 1);
        assert.ok(reader.offset >= offset + 4 && reader.offset + reader.length <= offset + length);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      refused++;
    }
  }
  assert.ok(refused > 1000 && frames > 1000, 'the inputs were of both kinds');
});

test('the largest length a header can name is refused, not wrapped', () => {
  const reader = new FrameReader();
  reader.reset(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 4, 0, 0, 0), 0, 8);
  assert.throws(() => reader.next(), RangeError);
});

test('a last frame without its padding is refused', () => {
  const memory = Buffer.alloc(16);
  const written = writePacket(memory, 0, ['abcd']);
  const reader = new FrameReader();
  for (let less = 1; less <= 3; less++) {
    reader.reset(memory, 0, written - less);
    assert.throws(() => reader.next(), RangeError);
  }
});

test('a range outside of the memory is refused before anything is read', () => {
  const reader = new FrameReader();
  for (const [offset, length] of [
    [0, 9],
    [8, 1],
    [-4, 4],
    [4, -4],
    [Number.NaN, 4],
  ]) {
    assert.throws(() => reader.reset(new Uint8Array(8), offset, length), RangeError);
  }
});
