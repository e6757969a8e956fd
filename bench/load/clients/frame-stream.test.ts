import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMicros } from '../clock.ts';
import { Histogram } from '../histogram.ts';
import { PayloadWriter, wireBytes, wireText } from '../payload.ts';
import { FrameStream, HEADROOM_BYTES, readArea } from './frame-stream.ts';
import { SequenceTally } from './sequence-tally.ts';

function frame(payload: Buffer, firstByte = 0x81): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.of(firstByte, length), payload]);
  const header = Buffer.alloc(length < 65_536 ? 4 : 10);
  header[0] = firstByte;
  header[1] = length < 65_536 ? 126 : 127;
  header.writeUIntBE(length, length < 65_536 ? 2 : 4, length < 65_536 ? 2 : 6);
  return Buffer.concat([header, payload]);
}

function setUp(payloadBytes: number) {
  const writer = new PayloadWriter(payloadBytes);
  const tally = new SequenceTally(1);
  const latency = new Histogram();
  const others: string[] = [];
  const broken: string[] = [];
  const stream = new FrameStream(0, tally, latency, wireBytes(payloadBytes), {
    onOther: (firstByte, start, shown) =>
      others.push(`${firstByte.toString(16)}:${readArea.toString('latin1', start, start + shown)}`),
    onBroken: (reason) => broken.push(reason),
  });
  return {
    tally,
    latency,
    others,
    broken,
    event: (sequence: number) => frame(Buffer.from(wireText(writer.text(sequence, monotonicMicros())))),
    read(bytes: Buffer): void {
      bytes.copy(readArea, HEADROOM_BYTES);
      const start = stream.uncarry();
      stream.consume(start, HEADROOM_BYTES + bytes.length);
    },
  };
}

const CLEAN = { lost: 0, doubled: 0, reordered: 0, malformed: 0 };

for (const payloadBytes of [25, 100, 117, 1_000, 70_000]) {
  test(`events of ${payloadBytes} bytes between control frames are counted wherever a read ends`, () => {
    const probe = setUp(payloadBytes);
    const bytes = Buffer.concat([
      frame(Buffer.from('0{"sid":"x"}')),
      probe.event(1),
      frame(Buffer.from('2')),
      frame(Buffer.alloc(0), 0x89),
      probe.event(2),
      probe.event(3),
    ]);
    const step = Math.max(1, Math.floor(bytes.length / 700));
    for (let cut = 0; cut <= bytes.length; cut += step) {
      const { tally, others, broken, read } = setUp(payloadBytes);
      read(bytes.subarray(0, cut));
      read(bytes.subarray(cut));
      assert.deepEqual(tally.faults, CLEAN, `cut at ${cut}`);
      assert.equal(tally.deliveries, 3, `cut at ${cut}`);
      assert.equal(tally.slowest, 3);
      assert.deepEqual(others, ['81:0{"sid":"x"}', '81:2', '89:']);
      assert.deepEqual(broken, []);
    }
  });
}

test('a stream read one byte at a time is counted like one read at once', () => {
  const { tally, event, read } = setUp(100);
  for (const byte of Buffer.concat([event(1), event(2), event(3)])) read(Buffer.of(byte));
  assert.equal(tally.deliveries, 3);
  assert.deepEqual(tally.faults, CLEAN);
});

const SEQUENCES: [name: string, seen: number[], faults: typeof CLEAN][] = [
  ['a missing number is lost', [1, 2, 4, 5], { ...CLEAN, lost: 1 }],
  ['numbers missing at the end are lost', [1, 2], { ...CLEAN, lost: 3 }],
  ['everything missing is lost', [], { ...CLEAN, lost: 5 }],
  ['a repeated number is doubled', [1, 2, 2, 3, 4, 5], { ...CLEAN, doubled: 1 }],
  ['a late number is reordered, not lost', [1, 3, 2, 4, 5], { ...CLEAN, reordered: 1 }],
  [
    'a late number that comes twice is reordered and doubled',
    [1, 3, 2, 2, 4, 5],
    { ...CLEAN, reordered: 1, doubled: 1 },
  ],
  ['a number nobody sent is damage', [1, 2, 3, 4, 5, 6], { ...CLEAN, malformed: 1 }],
  ['an absurd number is damage', [1, 2, 3, 400_000_000, 4, 5], { ...CLEAN, malformed: 1 }],
];

for (const [name, seen, expected] of SEQUENCES) {
  test(name, () => {
    const { tally, event, read } = setUp(100);
    read(Buffer.concat(seen.map(event)));
    tally.close(5);
    assert.deepEqual(tally.faults, expected);
  });
}

test('an event of another length is damage', () => {
  const { tally, read } = setUp(100);
  read(setUp(101).event(1));
  assert.deepEqual(tally.faults, { ...CLEAN, malformed: 1 });
});

test('a masked frame breaks the stream', () => {
  const { broken, read } = setUp(100);
  read(Buffer.of(0x81, 0x81, 0, 0, 0, 0, 50));
  assert.equal(broken.length, 1);
});

test('the slowest client sets the progress', () => {
  const tally = new SequenceTally(3);
  tally.next.set([8, 5, 9]);
  assert.equal(tally.slowest, 4);
});

test('every seventh event is timed', () => {
  const { latency, event, read } = setUp(100);
  for (let sequence = 1; sequence <= 21; sequence++) read(event(sequence));
  assert.equal(latency.total, 3);
});
