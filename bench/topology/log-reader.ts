/** Reads a broadcast log to the end of the stream, checks every record, sleeps on a doorbell. Own thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { LogReader } from '../../core/shm/broadcast-log.ts';
import { Control } from '../../core/shm/control.ts';
import { checkRecord } from './stream.ts';

/** Records between two times that the writer learns how far this reader is. */
const COMMIT_EVERY = 64;
const SLEEP_MILLIS = 1_000;

const data = workerData as Record<'reader' | 'doorbell' | 'writer' | 'count', number> & {
  control: SharedArrayBuffer;
  memory: SharedArrayBuffer;
};
const log = new LogReader(data.memory, data.reader);
const control = new Control(data.control, 1);
const doorbell = control.doorbell(data.doorbell);
const writer = control.doorbell(data.writer);
parentPort?.postMessage('ready');

for (let number = 0; number < data.count; ) {
  let taken = 0;
  while (taken < COMMIT_EVERY && log.next()) {
    checkRecord(log.bytes, log.offset, log.length, number++);
    taken++;
  }
  if (log.commit()) writer.ring();
  if (taken > 0) continue;
  doorbell.prepareSleep();
  if (log.isEmpty()) doorbell.sleep(SLEEP_MILLIS);
  else doorbell.cancelSleep();
}
parentPort?.postMessage('done');
