import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Audience } from '../audience.ts';
import { monotonicMicros } from '../clock.ts';
import { EventWriter, type PayloadForm, wireForm, wireText } from '../payload.ts';
import { ArrivalTimes } from './arrival-times.ts';
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

const ANNOUNCEMENT = frame(Buffer.from('451-["e",{"_placeholder":true,"num":0}]'));

function setUp(payloadBytes: number, form: PayloadForm = 'text', audience = new Audience('all', 1), receivers = 0) {
  const writer = new EventWriter(form, payloadBytes);
  const tally = new SequenceTally(audience);
  const times = new ArrivalTimes(receivers);
  const others: string[] = [];
  const broken: string[] = [];
  const context = { tally, times, wire: wireForm(form, payloadBytes) };
  const streams = audience.groupsOf.map(
    (_, client) =>
      new FrameStream(client, context, {
        onOther: (firstByte, start, shown) =>
          others.push(`${firstByte.toString(16)}:${readArea.toString('latin1', start, start + shown)}`),
        onBroken: (reason) => broken.push(reason),
      }),
  );
  return {
    tally,
    latency: times.histogram,
    others,
    broken,
    event: (sequence: number, group = 0, emit = sequence) => {
      const event = writer.event(sequence, monotonicMicros(), group, emit);
      if (Buffer.isBuffer(event)) return Buffer.concat([ANNOUNCEMENT, frame(event, 0x82)]);
      return frame(Buffer.from(wireText(event)));
    },
    read(bytes: Buffer, client = 0): void {
      bytes.copy(readArea, HEADROOM_BYTES);
      const start = streams[client].uncarry();
      streams[client].consume(start, HEADROOM_BYTES + bytes.length);
    },
  };
}

const CLEAN = { lost: 0, doubled: 0, reordered: 0, malformed: 0 };

const SHAPES: [form: PayloadForm, payloadBytes: number][] = [
  ['text', 39],
  ['text', 100],
  ['text', 117],
  ['text', 1_000],
  ['text', 70_000],
  ['json', 1_000],
  ['binary', 39],
  ['binary', 1_000],
];

for (const [form, payloadBytes] of SHAPES) {
  test(`${form} events of ${payloadBytes} bytes between control frames are counted wherever a read ends`, () => {
    const probe = setUp(payloadBytes, form);
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
      const { tally, others, broken, read } = setUp(payloadBytes, form);
      read(bytes.subarray(0, cut));
      read(bytes.subarray(cut));
      assert.deepEqual(tally.faults, CLEAN, `cut at ${cut}`);
      assert.equal(tally.deliveries, 3, `cut at ${cut}`);
      assert.equal(tally.seen, 3);
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
    read(Buffer.concat(seen.map((sequence) => event(sequence))));
    tally.close([5]);
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

test('a binary frame nobody announced is damage', () => {
  const { tally, event, read } = setUp(100, 'binary');
  read(event(1).subarray(ANNOUNCEMENT.length));
  assert.deepEqual(tally.faults, { ...CLEAN, malformed: 1 });
});

test('two announcements of one binary frame are damage', () => {
  const { tally, event, read } = setUp(100, 'binary');
  read(Buffer.concat([ANNOUNCEMENT, event(1)]));
  assert.deepEqual(tally.faults, { ...CLEAN, malformed: 1 });
});

test('the slowest client sets the progress when all receive everything', () => {
  const tally = new SequenceTally(3);
  tally.next.set([8, 5, 9]);
  assert.equal(tally.seen, 3 * 4);
});

test('each group has a sequence of its own, and emits keep their order across groups', () => {
  const audience = new Audience('rooms', 40);
  const [first, second] = audience.groupsOf[0];
  const { tally, event, read } = setUp(100, 'text', audience);
  read(Buffer.concat([event(1, first, 1), event(1, second, 2), event(2, second, 3), event(2, first, 5)]));
  assert.deepEqual(tally.faults, CLEAN);
  read(event(3, second, 4));
  assert.deepEqual(tally.faults, { ...CLEAN, reordered: 1 });
});

test('an event for a group the client is not in is damage', () => {
  const { tally, event, read } = setUp(100, 'text', new Audience('mixed', 10));
  read(event(1), 5);
  assert.deepEqual(tally.faults, { ...CLEAN, malformed: 1 });
});

test('an emit is timed when the last of its receivers has it', () => {
  const { latency, event, read } = setUp(100, 'text', new Audience('all', 3), 3);
  for (const client of [0, 1]) read(Buffer.concat([event(1), event(2)]), client);
  assert.equal(latency.total, 0);
  read(event(1), 2);
  assert.equal(latency.total, 1);
});

test('every seventh event is timed', () => {
  const { latency, event, read } = setUp(100);
  for (let sequence = 1; sequence <= 21; sequence++) read(event(sequence));
  assert.equal(latency.total, 3);
});
