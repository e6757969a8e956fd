/** What the load generator makes of the bytes that it reads, case by case. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Audience } from './audience.ts';
import { monotonicMicros } from './clock.ts';
import { compiled, counted, streamWords } from './generator-process.ts';
import { Histogram } from './histogram.ts';
import type { Timing, Workload } from './messages.ts';
import { EventWriter, type PayloadForm, wireFrames } from './payload.ts';

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
const CLEAN = { lost: 0, doubled: 0, reordered: 0, malformed: 0 };

interface Told {
  readonly faults: typeof CLEAN;
  readonly deliveries: number;
  readonly seen: number;
  readonly timed: number;
  readonly quantiles: number[];
  readonly passedOn: string;
}

/** Writes down what a generator is to read, then lets it. */
class Script {
  readonly #lines: string[] = [];
  readonly #workload: Workload;
  readonly #timing: Timing;
  readonly #writer: EventWriter;

  constructor(workload: Partial<Workload> = {}, timing: Timing = 'sample') {
    this.#workload = { clients: 1, audience: 'all', form: 'text', payloadBytes: 100, ...workload };
    this.#timing = timing;
    this.#writer = new EventWriter(this.#workload.form, this.#workload.payloadBytes);
    this.restart();
  }

  event(sequence: number, group = 0, emit = sequence): Buffer {
    const event = this.#writer.event(sequence, monotonicMicros(), group, emit);
    const frames = wireFrames(event).map((data) => frame(Buffer.from(data), typeof data === 'string' ? 0x81 : 0x82));
    return Buffer.concat(frames);
  }

  restart(): this {
    return this.#say(`new ${streamWords(this.#workload, this.#timing)}`);
  }

  read(bytes: Buffer, client = 0): this {
    return bytes.length === 0 ? this : this.#say(`read ${client} ${bytes.toString('hex')}`);
  }

  close(counts: readonly number[]): this {
    return this.#say(`close ${counted(counts)}`);
  }

  sample(micros: readonly number[]): this {
    return this.#say(`sample ${counted(micros)}`);
  }

  tell(): this {
    return this.#say('tell');
  }

  /** One answer for each `tell`. */
  run(): Told[] {
    const input = `${this.#lines.join('\n')}\n`;
    const { status, stdout, stderr } = spawnSync(compiled('stream-probe'), {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    assert.equal(status, 0, stderr);
    return stdout
      .trim()
      .split('\n')
      .map((line) => {
        const { lost, doubled, reordered, malformed, passedOn, ...rest } = JSON.parse(line);
        const text = Buffer.from(passedOn, 'hex').toString('latin1');
        return { ...rest, faults: { lost, doubled, reordered, malformed }, passedOn: text };
      });
  }

  #say(line: string): this {
    this.#lines.push(line);
    return this;
  }
}

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
    const script = new Script({ form, payloadBytes });
    const bytes = Buffer.concat([
      frame(Buffer.from('0{"sid":"x"}')),
      script.event(1),
      frame(Buffer.from('2')),
      frame(Buffer.alloc(0), 0x89),
      script.event(2),
      script.event(3),
    ]);
    const step = Math.max(1, Math.floor(bytes.length / 700));
    const cuts = Array.from({ length: Math.floor(bytes.length / step) + 1 }, (_, i) => i * step);
    for (const cut of cuts) script.restart().read(bytes.subarray(0, cut)).read(bytes.subarray(cut)).tell();
    const told = script.run();
    assert.equal(told.length, cuts.length);
    for (const [i, { faults, deliveries, seen, passedOn }] of told.entries()) {
      const found = { faults, deliveries, seen, passedOn };
      assert.deepEqual(
        found,
        { faults: CLEAN, deliveries: 3, seen: 3, passedOn: '81:0{"sid":"x"}|81:2|89:' },
        `cut at ${cuts[i]}`,
      );
    }
  });
}

test('a stream read one byte at a time is counted like one read at once', () => {
  const script = new Script();
  for (const byte of Buffer.concat([1, 2, 3].map((sequence) => script.event(sequence)))) script.read(Buffer.of(byte));
  const [{ deliveries, faults }] = script.tell().run();
  assert.equal(deliveries, 3);
  assert.deepEqual(faults, CLEAN);
});

const SEQUENCES: [name: string, seen: number[], faults: typeof CLEAN][] = [
  ['all there is nothing wrong', [1, 2, 3, 4, 5], CLEAN],
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
    const script = new Script();
    const [{ faults }] = script
      .read(Buffer.concat(seen.map((sequence) => script.event(sequence))))
      .close([5])
      .tell()
      .run();
    assert.deepEqual(faults, expected);
  });
}

test('an event of another length is damage', () => {
  const [{ faults }] = new Script()
    .read(new Script({ payloadBytes: 101 }).event(1))
    .tell()
    .run();
  assert.deepEqual(faults, { ...CLEAN, malformed: 1 });
});

test('an empty text frame is passed on at once', () => {
  const [{ passedOn }] = new Script()
    .read(frame(Buffer.alloc(0)))
    .tell()
    .run();
  assert.equal(passedOn, '81:');
});

test('a masked frame breaks the stream', () => {
  const [{ passedOn }] = new Script()
    .read(Buffer.of(0x81, 0x81, 0, 0, 0, 0, 50))
    .tell()
    .run();
  assert.match(passedOn, /^!masked frame/);
});

test('a binary frame nobody announced is damage', () => {
  const script = new Script({ form: 'binary' });
  const [{ faults }] = script.read(script.event(1).subarray(ANNOUNCEMENT.length)).tell().run();
  assert.deepEqual(faults, { ...CLEAN, malformed: 1 });
});

test('two announcements of one binary frame are damage', () => {
  const script = new Script({ form: 'binary' });
  const [{ faults }] = script
    .read(Buffer.concat([ANNOUNCEMENT, script.event(1)]))
    .tell()
    .run();
  assert.deepEqual(faults, { ...CLEAN, malformed: 1 });
});

test('the slowest client sets the progress when all receive everything', () => {
  const script = new Script({ clients: 3 });
  for (const [client, count] of [4, 2, 3].entries()) {
    for (let sequence = 1; sequence <= count; sequence++) script.read(script.event(sequence), client);
  }
  const [{ seen, deliveries }] = script.tell().run();
  assert.equal(seen, 3 * 2);
  assert.equal(deliveries, 9);
});

test('each group has a sequence of its own, and emits keep their order across groups', () => {
  const [first, second] = new Audience('rooms', 40).groupsOf[0];
  const script = new Script({ clients: 40, audience: 'rooms' });
  const inOrder = [script.event(1, first, 1), script.event(1, second, 2), script.event(2, second, 3)];
  script.read(Buffer.concat([...inOrder, script.event(2, first, 5)])).tell();
  const [before, after] = script
    .read(script.event(3, second, 4))
    .tell()
    .run();
  assert.deepEqual(before.faults, CLEAN);
  assert.deepEqual(after.faults, { ...CLEAN, reordered: 1 });
});

test('an event for a group the client is not in is damage', () => {
  const script = new Script({ clients: 10, audience: 'mixed' });
  const [{ faults }] = script.read(script.event(1), 5).tell().run();
  assert.deepEqual(faults, { ...CLEAN, malformed: 1 });
});

test('an emit is timed when the last of its receivers has it', () => {
  const script = new Script({ clients: 3 }, 'last');
  for (const client of [0, 1]) script.read(Buffer.concat([script.event(1), script.event(2)]), client);
  const [before, after] = script.tell().read(script.event(1), 2).tell().run();
  assert.equal(before.timed, 0);
  assert.equal(after.timed, 1);
});

test('every seventh event is timed', () => {
  const script = new Script();
  for (let sequence = 1; sequence <= 21; sequence++) script.read(script.event(sequence));
  const [{ timed }] = script.tell().run();
  assert.equal(timed, 3);
});

test('latencies are summed up as the servers sum up theirs', () => {
  for (const scale of [0, 1, 100, 10_000, 2_000_000]) {
    const samples = Array.from({ length: 1_000 }, (_, i) => (i - 3) * scale);
    const same = new Histogram();
    for (const sample of samples) same.record(sample);
    const [{ timed, quantiles }] = new Script().sample(samples).tell().run();
    assert.equal(timed, samples.length);
    assert.deepEqual(
      quantiles,
      [0.5, 0.99, 0.999].map((share) => same.quantile(share)),
    );
  }
});
