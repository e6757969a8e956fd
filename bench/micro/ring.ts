/**
 * Handing 100-byte packets from one side to the other: SPSC ring against MessagePort. Both sides on one thread, so this
 * is the work of both and no waiting; waiting is measured in bench/topology.
 */
import assert from 'node:assert/strict';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { SpscRing } from '../../core/shm/spsc-ring.ts';
import { compare } from './compare.ts';

const BATCH = 100;
const TYPE = 1;
const text = 'x'.repeat(100);

const memory = SpscRing.create(1 << 20);
const producer = new SpscRing(memory);
const consumer = new SpscRing(memory);

function throughRing(): number {
  for (let i = 0; i < BATCH; i++) {
    const offset = producer.claim(TYPE, 0, text.length);
    producer.bytes.write(text, offset, 'latin1');
    producer.commit();
  }
  let received = 0;
  while (consumer.next())
    received += consumer.bytes.toString('latin1', consumer.offset, consumer.offset + consumer.length).length;
  consumer.free();
  return received;
}

const { port1, port2 } = new MessageChannel();

function throughPort(): number {
  for (let i = 0; i < BATCH; i++) port1.postMessage(text);
  let received = 0;
  for (;;) {
    const message = receiveMessageOnPort(port2);
    if (message === undefined) return received;
    received += (message.message as string).length;
  }
}

assert.equal(throughRing(), BATCH * text.length);
assert.equal(throughPort(), BATCH * text.length);
await compare(`${BATCH} packets of ${text.length} bytes`, { 'SPSC ring': throughRing, MessagePort: throughPort });
port1.close();
