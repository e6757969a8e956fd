/** Every order of the calls of writer and readers, on memory with room for four records, against a plain queue. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countInterleavings, interleavings } from '../support/interleave.ts';
import { logAt, plain, ringAt, WRAP_POSITIONS } from './memory.ts';

const CAPACITY = 256;
const LARGEST = 24;
/** Four of the eight largest records lie unfreed behind the reader, so that four fit. */
const OCCUPIED = 4;

describe('interleaving of claim, fill, commit and next, free', () => {
  for (const position of [0, 14, ...WRAP_POSITIONS]) {
    it(`the ring is a queue in every order of five claims and five reads, from position ${position}`, () => {
      const steps = [15, 5];
      let orders = 0;
      for (const order of interleavings(steps)) {
        walkRing(order, position);
        orders++;
      }
      assert.equal(orders, countInterleavings(steps));
    });

    it(`the log is one queue per reader in every order of three actors, from position ${position}`, () => {
      const steps = [6, 3, 3];
      let orders = 0;
      for (const order of interleavings(steps)) {
        walkLog(order, position);
        orders++;
      }
      assert.equal(orders, countInterleavings(steps));
    });
  }
});

/** The producer cycles claim, fill, commit; the consumer reads, and frees with every second call. */
function walkRing(order: readonly number[], position: number): void {
  const { producer, consumer } = ringAt(CAPACITY, position);
  for (let n = 0; n < OCCUPIED; n++) {
    producer.claim(1, 0, LARGEST);
    producer.commit();
    consumer.next();
  }
  const queue: number[] = [];
  let producerStep = 0;
  let claimed = -1;
  let number = 0;
  let reads = 0;
  let held = OCCUPIED;
  let unfreed = OCCUPIED;
  for (const actor of order) {
    if (actor === 0) {
      const step = producerStep++ % 3;
      if (step === 0) {
        claimed = producer.claim(2 + number, number, LARGEST);
        const room = 8 - held - (wastes(position) ? 1 : 0);
        if (claimed < 0) assert.ok(room <= 1, `refused with ${room} places in ${order}`);
        else assert.ok(held < 8, `accepted into a full ring in ${order}`);
      } else if (claimed >= 0 && step === 1) {
        producer.bytes.set(plain(number, LARGEST).bytes, claimed);
      } else if (claimed >= 0) {
        producer.commit();
        queue.push(number++);
        held++;
        claimed = -1;
      }
      continue;
    }
    reads++;
    const expected = queue.shift();
    assert.equal(consumer.next(), expected !== undefined, `in ${order}`);
    if (expected !== undefined) {
      unfreed++;
      assert.equal(consumer.type, 2 + expected);
      assert.equal(consumer.flags, expected);
      const bytes = consumer.bytes.subarray(consumer.offset, consumer.offset + consumer.length);
      assert.deepEqual([...bytes], plain(expected, LARGEST).bytes);
    }
    if (reads % 2 === 0) {
      consumer.free();
      held -= unfreed;
      unfreed = 0;
    }
  }
}

/** Records of four units lose room at the wrap unless they start on a multiple of four. */
function wastes(position: number): boolean {
  return (position & 3) !== 0;
}

/** The writer claims and commits three records; each reader reads, reads, commits. */
function walkLog(order: readonly number[], position: number): void {
  const { writer, readers } = logAt(128, 2, { position });
  const written: number[] = [];
  const read = [0, 0];
  const done = [0, 0, 0];
  let claimed = -1;
  for (const actor of order) {
    const step = done[actor]++;
    if (actor === 0) {
      if (step % 2 === 0) {
        claimed = writer.claim(9, step, 8, false);
        assert.ok(claimed >= 0, 'three records always fit');
        writer.bytes.set(plain(step, 8).bytes, claimed);
      } else {
        writer.commit();
        written.push(step - 1);
      }
      continue;
    }
    const reader = readers[actor - 1];
    if (step === 2) {
      reader.commit();
      assert.equal(writer.cursor(actor - 1), reader.position);
      continue;
    }
    const expected = written[read[actor - 1]];
    assert.equal(reader.next(), expected !== undefined, `reader ${actor - 1} in ${order}`);
    if (expected === undefined) continue;
    read[actor - 1]++;
    assert.equal(reader.flags, expected);
    assert.deepEqual([...reader.bytes.subarray(reader.offset, reader.offset + 8)], plain(expected, 8).bytes);
  }
}
