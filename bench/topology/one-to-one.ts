/**
 * One producer, one consumer, each on its thread: SPSC ring with doorbell against MessagePort. Every record is checked
 * where it arrives. The clock stops when the consumer has the last one.
 */
import { MessageChannel, type Worker } from 'node:worker_threads';
import { Control } from '../../core/shm/control.ts';
import { SpscRing } from '../../core/shm/spsc-ring.ts';
import { fillRecord, RECORD_TYPE, recordBytes } from './stream.ts';
import { nextMessage, row, startThread, whole } from './threads.ts';

const RING_BYTES = 1 << 20;
const CONSUMER = 1;
const ROOM_MILLIS = 1_000;
/** Records between two looks at whether the consumer sleeps. */
const BATCHES = [1, 64];
const THROUGH_RING = 2_000_000;
const THROUGH_PORT = 200_000;

console.log('one-to-one: records of 8 to 135 bytes');
for (const batch of BATCHES) await ring(batch);
await port();
console.log();

async function ring(batch: number): Promise<void> {
  const control = Control.create(1);
  const memory = SpscRing.create(RING_BYTES);
  const doorbell = new Control(control, 1).doorbell(CONSUMER);
  const producer = new SpscRing(memory);
  const consumer = await startThread('./ring-consumer.ts', {
    control,
    memory,
    doorbell: CONSUMER,
    count: THROUGH_RING,
  });
  const startMillis = performance.now();
  const done = nextMessage(consumer);
  for (let number = 0; number < THROUGH_RING; number++) {
    const offset = claim(producer, recordBytes(number), () => doorbell.ring());
    fillRecord(producer.bytes, offset, number);
    producer.commit();
    if (number % batch === 0) doorbell.ring();
  }
  doorbell.ring();
  await finish(consumer, done, THROUGH_RING, startMillis, `SPSC ring, bell every ${batch}`);
}

function claim(producer: SpscRing, bytes: number, wake: () => void): number {
  for (;;) {
    const offset = producer.claim(RECORD_TYPE, 0, bytes);
    if (offset >= 0) return offset;
    wake();
    producer.waitForRoom(ROOM_MILLIS);
  }
}

async function port(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const consumer = await startThread('./port-consumer.ts', { port: port2, count: THROUGH_PORT }, [port2]);
  const startMillis = performance.now();
  const done = nextMessage(consumer);
  for (let number = 0; number < THROUGH_PORT; number++) {
    const bytes = Buffer.allocUnsafeSlow(recordBytes(number));
    fillRecord(bytes, 0, number);
    port1.postMessage(bytes);
  }
  await finish(consumer, done, THROUGH_PORT, startMillis, 'MessagePort');
  port1.close();
}

async function finish(
  consumer: Worker,
  done: Promise<unknown>,
  count: number,
  startMillis: number,
  name: string,
): Promise<void> {
  await done;
  row(name, `${whole((count * 1e3) / (performance.now() - startMillis))} records/s`);
  await consumer.terminate();
}
