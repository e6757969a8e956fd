/**
 * One writer, several readers, each on its thread: broadcast log, gated by the slowest, against a MessagePort per reader.
 * Every record is checked at every reader. The clock stops when the last reader has the last one.
 */
import { MessageChannel } from 'node:worker_threads';
import { createLog, LogWriter } from '../../core/shm/broadcast-log.ts';
import { Control } from '../../core/shm/control.ts';
import { fillRecord, RECORD_TYPE, recordBytes } from './stream.ts';
import { nextMessage, row, startThread, whole } from './threads.ts';

const LOG_BYTES = 1 << 20;
const RESERVE_BYTES = 4096;
const WRITER = 0;
const FIRST_READER = 1;
const READERS = [1, 2, 4];
const BATCH = 64;
const SLEEP_MILLIS = 1_000;
const THROUGH_LOG = 1_000_000;
const THROUGH_PORTS = 100_000;

console.log('one-to-many: records of 8 to 135 bytes, each to every reader');
for (const readers of READERS) {
  await log(readers);
  await ports(readers);
}
console.log();

async function log(readers: number): Promise<void> {
  const controlMemory = Control.create(1);
  const control = new Control(controlMemory, 1);
  const memory = createLog(LOG_BYTES);
  const writer = new LogWriter(memory, RESERVE_BYTES);
  const own = control.doorbell(WRITER);
  const bells = Array.from({ length: readers }, (_, reader) => control.doorbell(FIRST_READER + reader));
  const wake = (): void => {
    for (const bell of bells) bell.ring();
  };
  const threads = await Promise.all(
    bells.map((_, reader) => {
      writer.attach(reader);
      const doorbell = FIRST_READER + reader;
      return startThread('./log-reader.ts', {
        control: controlMemory,
        memory,
        reader,
        doorbell,
        writer: WRITER,
        count: THROUGH_LOG,
      });
    }),
  );

  const startMillis = performance.now();
  const done = threads.map((thread) => nextMessage(thread));
  for (let number = 0; number < THROUGH_LOG; number++) {
    const bytes = recordBytes(number);
    let offset = writer.claim(RECORD_TYPE, 0, bytes, false);
    while (offset < 0) {
      wake();
      own.prepareSleep();
      offset = writer.claim(RECORD_TYPE, 0, bytes, false);
      if (offset < 0) {
        own.sleep(SLEEP_MILLIS);
        offset = writer.claim(RECORD_TYPE, 0, bytes, false);
      } else {
        own.cancelSleep();
      }
    }
    fillRecord(writer.bytes, offset, number);
    writer.commit();
    if (number % BATCH === 0) wake();
  }
  wake();
  await Promise.all(done);
  report(`broadcast log, ${readers} reader(s)`, THROUGH_LOG, readers, startMillis);
  await Promise.all(threads.map((thread) => thread.terminate()));
}

async function ports(readers: number): Promise<void> {
  const channels = Array.from({ length: readers }, () => new MessageChannel());
  const threads = await Promise.all(
    channels.map(({ port2 }) => startThread('./port-consumer.ts', { port: port2, count: THROUGH_PORTS }, [port2])),
  );
  const startMillis = performance.now();
  const done = threads.map((thread) => nextMessage(thread));
  for (let number = 0; number < THROUGH_PORTS; number++) {
    const bytes = Buffer.allocUnsafeSlow(recordBytes(number));
    fillRecord(bytes, 0, number);
    for (const { port1 } of channels) port1.postMessage(bytes);
  }
  await Promise.all(done);
  report(`MessagePorts, ${readers} reader(s)`, THROUGH_PORTS, readers, startMillis);
  for (const { port1 } of channels) port1.close();
  await Promise.all(threads.map((thread) => thread.terminate()));
}

function report(name: string, count: number, readers: number, startMillis: number): void {
  const perSecond = (count * 1e3) / (performance.now() - startMillis);
  row(name, `${whole(perSecond)} records/s`, `${whole(perSecond * readers)} reads/s`);
}
