/** An I/O thread's end of its inbox by itself: what waits on the heap, and who waits for it. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { InboxWriter } from '../../core/agents/io/inbox-writer.ts';
import { EVT_CLOSE, EVT_MESSAGE, EVT_OPEN, KIND_TEXT } from '../../core/agents/records.ts';
import { COUNTER_NAMES } from '../../core/shm/layout.ts';
import { ringAt } from '../shm/memory.ts';

const { port1, port2 } = new MessageChannel();
after(() => {
  port1.close();
  port2.close();
});

/** A writer whose ring is full of 64 messages of slot 1. */
function fullWriter() {
  const { producer, consumer } = ringAt(2048);
  const writer = new InboxWriter(producer, port1, new Int32Array(COUNTER_NAMES.length));
  for (let n = 0; n < 64; n++) writer.message(1, KIND_TEXT, Buffer.alloc(8, n));
  assert.ok(writer.isQueueEmpty);
  return { writer, consumer };
}

describe('inbox writer', () => {
  it('keeps the order of what waits on the heap with what comes later', () => {
    const { writer, consumer } = fullWriter();
    writer.message(1, KIND_TEXT, Buffer.from('first'));
    writer.close(1, 4, 0);
    for (let n = 0; n < 64; n++) consumer.next();
    consumer.free();
    writer.open(2, 1, 1, 'sid', Buffer.alloc(0)); // there is room now, but it must not overtake
    assert.equal(writer.flush(), 3);
    const types: number[] = [];
    while (consumer.next()) types.push(consumer.type);
    assert.deepEqual(types, [EVT_MESSAGE, EVT_CLOSE, EVT_OPEN]);
    assert.equal(writer.heapBytes, 0);
  });

  it('names the slot with most bytes of messages; opens and closes do not count', () => {
    const { writer } = fullWriter();
    assert.equal(writer.largestUser(), -1);
    writer.open(9, 1, 1, 'sid', Buffer.alloc(150));
    writer.message(3, KIND_TEXT, Buffer.alloc(10));
    writer.message(4, KIND_TEXT, Buffer.alloc(30));
    writer.message(3, KIND_TEXT, Buffer.alloc(10));
    assert.equal(writer.largestUser(), 3);
    writer.dropMessages(3);
    assert.equal(writer.largestUser(), 4);
    writer.dropMessages(4);
    assert.equal(writer.largestUser(), -1);
    assert.ok(!writer.isQueueEmpty, 'the open stays');
    assert.ok(writer.heapBytes > 0);
  });

  it('calls back who waits for messages that are dropped: nothing of them is left to wait for', () => {
    const { writer } = fullWriter();
    let called = 0;
    writer.message(3, KIND_TEXT, Buffer.alloc(10));
    writer.whenCommitted(() => called++);
    assert.equal(called, 0);
    writer.dropMessages(3);
    assert.ok(writer.isQueueEmpty);
    assert.equal(called, 1);
  });
});
