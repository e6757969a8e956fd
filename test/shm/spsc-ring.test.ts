/** The SPSC ring on one thread: what goes in comes out, whatever the sizes and wherever the wrap falls. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RingGauge } from '../../core/shm/gauges.ts';
import {
  LAYOUT_MAGIC,
  LAYOUT_VERSION,
  REGION_RING,
  RING_HEADER_OFFSET,
  RING_TRAILER_BYTES,
} from '../../core/shm/layout.ts';
import { SpscRing } from '../../core/shm/spsc-ring.ts';
import { Random } from '../support/random.ts';
import { CAPACITY, coded, MAX_PAYLOAD, plain, put, ringAt, ringMemory, take, UNITS, WRAP_POSITIONS } from './memory.ts';

describe('SpscRing', () => {
  it('gives records back in order with type, flags and bytes', () => {
    const { producer, consumer } = ringAt(CAPACITY);
    for (let n = 0; n < 5; n++) assert.ok(put(producer, plain(n, n * 5)));
    for (let n = 0; n < 5; n++) assert.deepEqual(take(consumer), plain(n, n * 5));
    assert.equal(take(consumer), undefined);
  });

  it('carries every size, 0 and 1 byte included, from every place of the data', () => {
    for (let start = 0; start < UNITS; start++) {
      for (let size = 0; size <= MAX_PAYLOAD; size++) {
        const { producer, consumer } = ringAt(CAPACITY, start);
        assert.ok(put(producer, plain(size, size)));
        assert.ok(put(producer, plain(99, 3)));
        assert.deepEqual(take(consumer), plain(size, size), `${size} bytes at unit ${start}`);
        assert.deepEqual(take(consumer), plain(99, 3));
      }
    }
  });

  it('can be filled to the last byte, and takes no more until something is freed', () => {
    const { producer, consumer } = ringAt(CAPACITY);
    for (let n = 0; n < 8; n++) assert.ok(put(producer, plain(n, MAX_PAYLOAD)));
    assert.equal(producer.usedBytes, CAPACITY);
    assert.equal(producer.claim(1, 0, 0), -1);
    assert.deepEqual(take(consumer), plain(0, MAX_PAYLOAD));
    assert.equal(producer.claim(1, 0, 0), -1, 'read is not yet freed');
    consumer.free();
    assert.ok(put(producer, plain(8, MAX_PAYLOAD)));
    assert.equal(producer.claim(1, 0, 0), -1);
    for (let n = 1; n <= 8; n++) assert.deepEqual(take(consumer), plain(n, MAX_PAYLOAD));
    assert.equal(take(consumer), undefined);
  });

  it('needs room for the padding too when a record does not fit before the wrap', () => {
    const { producer, consumer } = ringAt(CAPACITY, UNITS - 3);
    assert.ok(put(producer, plain(1, MAX_PAYLOAD)), 'four units go behind the wrap, three are padding');
    assert.equal(producer.usedBytes, (3 + 4) * 8);
    for (let n = 0; n < 6; n++) assert.ok(put(producer, plain(n, MAX_PAYLOAD)));
    assert.equal(producer.claim(1, 0, MAX_PAYLOAD), -1);
    assert.ok(put(producer, plain(7, 0)), 'one unit is left');
    assert.deepEqual(take(consumer), plain(1, MAX_PAYLOAD));
    consumer.free();
    assert.equal(producer.usedBytes, (6 * 4 + 1) * 8, 'the padding is freed with the record behind it');
  });

  it('shortens a record at commit and places the next one right behind it', () => {
    const { producer, consumer } = ringAt(CAPACITY);
    const at = producer.claim(3, 9, MAX_PAYLOAD);
    producer.bytes.set([1, 2, 3], at);
    producer.commit(3);
    assert.equal(producer.usedBytes, 16);
    assert.ok(put(producer, plain(4, 1)));
    assert.deepEqual(take(consumer), { type: 3, flags: 9, bytes: [1, 2, 3] });
    assert.deepEqual(take(consumer), plain(4, 1));
  });

  it('refuses a commit of more than was claimed, and one without a claim', () => {
    const { producer, consumer } = ringAt(CAPACITY);
    assert.throws(() => producer.commit(), RangeError);
    assert.throws(() => producer.commit(0), RangeError);
    producer.claim(1, 0, 8);
    assert.throws(() => producer.commit(9), RangeError);
    producer.commit(8);
    assert.throws(() => producer.commit(8), RangeError, 'a claim is committed once');
    assert.equal(take(consumer)?.bytes.length, 8);
  });

  it('takes the largest record and refuses one byte more with a coded error', () => {
    const { producer } = ringAt(CAPACITY);
    assert.ok(producer.claim(1, 0, MAX_PAYLOAD) >= 0);
    assert.throws(() => producer.claim(1, 0, MAX_PAYLOAD + 1), coded('ERR_MESSAGE_TOO_LARGE', /25 bytes, at most 24/));
  });

  it('overwrites a claim that was never committed', () => {
    const { producer, consumer } = ringAt(CAPACITY);
    const abandoned = producer.claim(7, 7, 20);
    producer.bytes.fill(0xee, abandoned, abandoned + 20);
    assert.equal(take(consumer), undefined);
    assert.ok(put(producer, plain(2, 4)));
    assert.deepEqual(take(consumer), plain(2, 4));
    assert.equal(take(consumer), undefined);
  });

  it('overwrites the padding of an abandoned claim with a record that fits before the wrap', () => {
    const { producer, consumer } = ringAt(CAPACITY, UNITS - 2);
    assert.equal(producer.claim(7, 7, MAX_PAYLOAD), 8, 'behind the wrap');
    assert.ok(put(producer, plain(5, 8)));
    assert.ok(put(producer, plain(6, MAX_PAYLOAD)));
    assert.deepEqual(take(consumer), plain(5, 8));
    assert.deepEqual(take(consumer), plain(6, MAX_PAYLOAD));
  });

  it('keeps order and room when positions pass 2^31 and 2^32', () => {
    for (const position of WRAP_POSITIONS) {
      for (const startsOver of [false, true]) {
        const random = new Random();
        const { producer, consumer } = ringAt(CAPACITY, position, startsOver);
        const queue: number[] = [];
        const takeOne = (): void => {
          const [number, length] = queue.splice(0, 2);
          assert.deepEqual(take(consumer), plain(number, length), `after position ${position}`);
          consumer.free();
        };
        for (let n = 0; n < 1000; n++) {
          const size = random.below(MAX_PAYLOAD + 1);
          while (!put(producer, plain(n, size))) takeOne();
          queue.push(n, size);
          assert.ok(producer.usedBytes > 0 && producer.usedBytes <= CAPACITY);
          if (random.chance(0.3)) while (queue.length > 0) takeOne();
        }
      }
    }
  });

  it('begins anew when it is empty past a quarter, if it should, and then has room for the largest record', () => {
    for (let start = 0; start < UNITS; start++) {
      for (const size of [0, MAX_PAYLOAD]) {
        const { memory, producer, consumer } = ringAt(CAPACITY, start, true);
        const gauge = new RingGauge(memory);
        const at = producer.claim(1, 0, size);
        const beganAnew = start >= UNITS / 4 || size + 8 > (UNITS - start) * 8;
        assert.equal(at, (beganAnew ? 0 : start * 8) + 8, `${size} bytes at unit ${start}`);
        producer.commit();
        assert.equal(gauge.usedBytes, size + 8, 'what was skipped waits for nobody');
        assert.ok(put(producer, plain(2, 8)));
        assert.equal(gauge.usedBytes, size + 8 + 16);
        assert.equal(consumer.next(), true);
        assert.equal(consumer.length, size);
        consumer.free();
        assert.equal(gauge.usedBytes, 16);
        assert.deepEqual(take(consumer), plain(2, 8));
      }
    }
  });

  it('does not begin anew while something is unread or not freed', () => {
    const { producer, consumer } = ringAt(CAPACITY, UNITS / 2, true);
    assert.ok(put(producer, plain(1, 0)));
    assert.equal(producer.claim(1, 0, 0), 16, 'behind the first record, which began anew');
    producer.commit();
    for (let n = 0; n < 10; n++) assert.ok(put(producer, plain(n, 0)));
    while (consumer.next());
    assert.equal(producer.claim(1, 0, 0), 12 * 8 + 8);
    consumer.free();
    assert.equal(producer.claim(1, 0, 0), 8, 'a claim that was not committed is made again');
  });

  it('gives a record again after unread, also behind a wrap, and frees only what stays read', () => {
    const { producer, consumer } = ringAt(CAPACITY, UNITS - 3);
    assert.ok(put(producer, plain(1, MAX_PAYLOAD)));
    assert.deepEqual(take(consumer), plain(1, MAX_PAYLOAD));
    consumer.unread();
    assert.ok(!consumer.isEmpty());
    consumer.free();
    assert.equal(producer.usedBytes, 32);
    assert.deepEqual(take(consumer), plain(1, MAX_PAYLOAD));
    consumer.free();
    assert.equal(producer.usedBytes, 0);
  });

  it('tells both sides how much is written, read and freed', () => {
    const { producer, consumer } = ringAt(CAPACITY, 5);
    assert.ok(consumer.isEmpty());
    put(producer, plain(1, 8));
    assert.ok(!consumer.isEmpty());
    assert.equal(consumer.unreadBytes, 16);
    assert.equal(producer.position, 7);
    take(consumer);
    assert.ok(consumer.isEmpty());
    assert.equal(consumer.unreadBytes, 0);
    assert.equal(producer.freed, 5);
    consumer.free();
    assert.equal(producer.freed, 7);
  });

  it('lets a successor go on where a dead producer or consumer stopped', () => {
    const memory = ringMemory(CAPACITY, 11);
    const first = new SpscRing(memory);
    put(first, plain(1, 8));
    put(first, plain(2, 8));
    first.claim(9, 9, 8); // dies here
    const firstConsumer = new SpscRing(memory);
    assert.deepEqual(take(firstConsumer), plain(1, 8));
    firstConsumer.free(); // dies here
    const second = new SpscRing(memory);
    assert.ok(put(second, plain(3, 8)));
    assert.equal(second.usedBytes, 32);
    const secondConsumer = new SpscRing(memory);
    assert.deepEqual(take(secondConsumer), plain(2, 8));
    assert.deepEqual(take(secondConsumer), plain(3, 8));
    assert.equal(take(secondConsumer), undefined);
  });

  it('refuses memory that is not a ring, naming the field that differs', () => {
    const fields: [number, number, RegExp][] = [
      [0, LAYOUT_MAGIC + 1, /magic is \d+, expected \d+/],
      [1, LAYOUT_VERSION + 1, /layout version is 2, expected 1/],
      [2, REGION_RING + 1, /kind is 2, expected 1/],
      [3, CAPACITY * 2, /capacity is 512, expected 256/],
    ];
    for (const [field, value, message] of fields) {
      const memory = SpscRing.create(CAPACITY);
      new Int32Array(memory)[((CAPACITY + RING_HEADER_OFFSET) >> 2) + field] = value;
      assert.throws(() => new SpscRing(memory), coded('ERR_LAYOUT_MISMATCH', message));
    }
    const odd = new SharedArrayBuffer(CAPACITY + 8 + RING_TRAILER_BYTES);
    assert.throws(() => new SpscRing(odd), coded('ERR_LAYOUT_MISMATCH', /264 bytes, expected a power of two/));
    assert.throws(() => SpscRing.create(32), coded('ERR_LAYOUT_MISMATCH', /32 bytes, expected a power of two/));
  });
});
