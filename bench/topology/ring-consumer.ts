/** Reads an SPSC ring to the end of the stream, checks every record, sleeps on a doorbell. Own thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { Control } from '../../core/shm/control.ts';
import { SpscRing } from '../../core/shm/spsc-ring.ts';
import { checkRecord } from './stream.ts';

/** Records between two times that the producer gets its room back. */
const FREE_EVERY = 256;
const SLEEP_MILLIS = 1_000;

const {
  control,
  memory,
  doorbell: bell,
  count,
} = workerData as Record<'doorbell' | 'count', number> & {
  control: SharedArrayBuffer;
  memory: SharedArrayBuffer;
};
const ring = new SpscRing(memory);
const doorbell = new Control(control, 1).doorbell(bell);
parentPort?.postMessage('ready');

for (let number = 0; number < count; ) {
  let taken = 0;
  while (taken < FREE_EVERY && ring.next()) {
    checkRecord(ring.bytes, ring.offset, ring.length, number++);
    taken++;
  }
  ring.free();
  if (taken > 0) continue;
  doorbell.prepareSleep();
  if (ring.isEmpty()) doorbell.sleep(SLEEP_MILLIS);
  else doorbell.cancelSleep();
}
parentPort?.postMessage('done');
