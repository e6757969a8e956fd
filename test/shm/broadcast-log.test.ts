/** The broadcast log on one thread: every reader gets every record, and the slowest live one gates the writer. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLog, LogReader, LogWriter } from '../../core/shm/broadcast-log.ts';
import {
  LAYOUT_MAGIC,
  LAYOUT_VERSION,
  LOG_HEADER_OFFSET,
  LOG_TRAILER_BYTES,
  MAX_IO_THREADS,
  REGION_LOG,
} from '../../core/shm/layout.ts';
import { Random } from '../support/random.ts';
import { append, CAPACITY, coded, logAt, MAX_PAYLOAD, plain, take, UNITS, WRAP_POSITIONS } from './memory.ts';

describe('broadcast log', () => {
  it('gives every reader every record, in order, for as many readers as there can be', () => {
    const { writer, readers } = logAt(CAPACITY, MAX_IO_THREADS);
    for (let n = 0; n < 5; n++) assert.ok(append(writer, plain(n, n * 5)));
    for (const reader of readers) {
      for (let n = 0; n < 5; n++) assert.deepEqual(take(reader), plain(n, n * 5));
      assert.equal(take(reader), undefined);
    }
  });

  it('carries every size from every place of the data', () => {
    for (let position = 0; position < UNITS; position++) {
      for (let size = 0; size <= MAX_PAYLOAD; size++) {
        const { writer, readers } = logAt(CAPACITY, 1, { position });
        assert.ok(append(writer, plain(size, size)));
        assert.ok(append(writer, plain(99, 1)));
        assert.deepEqual(take(readers[0]), plain(size, size), `${size} bytes at unit ${position}`);
        assert.deepEqual(take(readers[0]), plain(99, 1));
      }
    }
  });

  it('can be filled to the last byte, and waits for the slowest reader to commit', () => {
    const { writer, readers } = logAt(CAPACITY, 2);
    for (let n = 0; n < 8; n++) assert.ok(append(writer, plain(n, MAX_PAYLOAD)));
    assert.equal(writer.claim(1, 0, 0, true), -1);
    while (readers[0].next()) readers[0].commit();
    assert.equal(writer.claim(1, 0, 0, true), -1, 'the other reader has nothing committed');
    take(readers[1]);
    assert.equal(writer.claim(1, 0, 0, true), -1, 'read is not yet committed');
    readers[1].commit();
    assert.equal(writer.gate(), 4);
    assert.ok(append(writer, plain(8, MAX_PAYLOAD)));
    assert.equal(writer.claim(1, 0, 0, true), -1);
  });

  it('keeps its reserve for control records', () => {
    const { writer, readers } = logAt(CAPACITY, 1, { reserveBytes: 64 });
    for (let n = 0; n < 6; n++) assert.ok(append(writer, plain(n, MAX_PAYLOAD)));
    assert.equal(writer.claim(1, 0, 0, false), -1);
    for (let n = 6; n < 10; n++) assert.ok(append(writer, plain(n, 8), true), `control record ${n}`);
    assert.equal(writer.claim(1, 0, 0, true), -1, 'the reserve is used up');
    for (let n = 0; n < 10; n++) assert.deepEqual(take(readers[0]), plain(n, n < 6 ? MAX_PAYLOAD : 8));
  });

  it('takes the largest record and refuses one byte more with a coded error', () => {
    const { writer } = logAt(CAPACITY, 1);
    assert.ok(writer.claim(1, 0, MAX_PAYLOAD, false) >= 0);
    for (const control of [false, true]) {
      const claim = () => writer.claim(1, 0, MAX_PAYLOAD + 1, control);
      assert.throws(claim, coded('ERR_MESSAGE_TOO_LARGE', /25 bytes, at most 24/));
    }
  });

  it('overwrites a claim that was never committed, its padding included', () => {
    const { writer, readers } = logAt(CAPACITY, 1, { position: UNITS - 2 });
    assert.equal(writer.claim(7, 7, MAX_PAYLOAD, false), 8, 'behind the wrap');
    assert.equal(take(readers[0]), undefined);
    assert.ok(append(writer, plain(5, 8)));
    assert.ok(append(writer, plain(6, MAX_PAYLOAD)));
    assert.deepEqual(take(readers[0]), plain(5, 8));
    assert.deepEqual(take(readers[0]), plain(6, MAX_PAYLOAD));
    assert.throws(() => writer.commit(), RangeError, 'a claim is committed once');
  });

  it('stops waiting for a reader that is detached', () => {
    const { writer, readers } = logAt(CAPACITY, 2);
    for (let n = 0; n < 8; n++) append(writer, plain(n, MAX_PAYLOAD));
    take(readers[0]);
    readers[0].commit();
    assert.equal(writer.claim(1, 0, 0, false), -1);
    writer.detach(1);
    assert.ok(!writer.isLive(1));
    assert.ok(append(writer, plain(8, MAX_PAYLOAD)));
    writer.detach(0);
    for (let n = 0; n < 20; n++) assert.ok(append(writer, plain(n, MAX_PAYLOAD)), 'nobody reads, nobody gates');
    assert.equal(writer.gate(), writer.tail);
  });

  it('lets a new reader in at the tail', () => {
    const { memory, writer, readers } = logAt(CAPACITY, 1);
    append(writer, plain(1, 8));
    writer.attach(3);
    const late = new LogReader(memory, 3);
    assert.ok(late.isEmpty());
    append(writer, plain(2, 8));
    assert.deepEqual(take(late), plain(2, 8));
    assert.deepEqual(take(readers[0]), plain(1, 8));
    assert.equal(writer.cursor(3), 2, 'not committed yet');
    late.commit();
    assert.equal(writer.cursor(3), 4);
  });

  it('gives a record again after unread, also behind a wrap, and commits only what stays read', () => {
    const { writer, readers } = logAt(CAPACITY, 1, { position: UNITS - 3 });
    append(writer, plain(1, MAX_PAYLOAD));
    assert.deepEqual(take(readers[0]), plain(1, MAX_PAYLOAD));
    readers[0].unread();
    assert.ok(!readers[0].isEmpty());
    assert.deepEqual(take(readers[0]), plain(1, MAX_PAYLOAD));
    assert.ok(readers[0].commit());
    assert.ok(!readers[0].commit(), 'nothing new to commit');
    assert.equal(writer.gate(), writer.tail);
  });

  it('keeps order and gating when positions pass 2^31 and 2^32', () => {
    for (const position of WRAP_POSITIONS) {
      const random = new Random();
      const { writer, readers } = logAt(CAPACITY, 2, { position });
      const written: number[] = [];
      const read = [0, 0];
      for (let n = 0; n < 200; n++) {
        written.push(random.below(MAX_PAYLOAD + 1));
        while (!append(writer, plain(n, written[n]))) {
          const lags = readers.map((_, r) => (writer.tail - writer.cursor(r)) | 0);
          const r = lags[0] >= lags[1] ? 0 : 1;
          assert.equal(writer.gate(), writer.cursor(r), `the slowest gates after position ${position}`);
          assert.deepEqual(take(readers[r]), plain(read[r], written[read[r]]));
          readers[r].commit();
          read[r]++;
        }
      }
    }
  });

  it('refuses memory that is not a log, naming the field that differs', () => {
    const fields: [number, number, RegExp][] = [
      [0, LAYOUT_MAGIC + 1, /magic/],
      [1, LAYOUT_VERSION + 1, /layout version is 2, expected 1/],
      [2, REGION_LOG + 1, /kind is 3, expected 2/],
      [3, CAPACITY * 2, /capacity is 512, expected 256/],
    ];
    for (const [field, value, message] of fields) {
      const memory = createLog(CAPACITY);
      new Int32Array(memory)[((CAPACITY + LOG_HEADER_OFFSET) >> 2) + field] = value;
      assert.throws(() => new LogWriter(memory, 0), coded('ERR_LAYOUT_MISMATCH', message));
      assert.throws(() => new LogReader(memory, 0), coded('ERR_LAYOUT_MISMATCH', message));
    }
    const odd = new SharedArrayBuffer(CAPACITY + 8 + LOG_TRAILER_BYTES);
    assert.throws(() => new LogReader(odd, 0), coded('ERR_LAYOUT_MISMATCH', /expected a power of two/));
  });
});
