/**
 * One packet for four readers: broadcast log, read in place, against a MessagePort per reader. All on one thread, so this
 * is the work of all sides and no waiting; waiting is measured in bench/topology.
 */
import assert from 'node:assert/strict';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { createLog, LogReader, LogWriter } from '../../core/shm/broadcast-log.ts';
import { compare } from './compare.ts';

const BATCH = 100;
const READERS = 4;
const TYPE = 1;
const RESERVE_BYTES = 4096;
const bytes = Buffer.alloc(1_000, 'x');

const memory = createLog(1 << 20);
const writer = new LogWriter(memory, RESERVE_BYTES);
const readers = Array.from({ length: READERS }, (_, reader) => {
  writer.attach(reader);
  return new LogReader(memory, reader);
});

function throughLog(): number {
  for (let i = 0; i < BATCH; i++) {
    const offset = writer.claim(TYPE, 0, bytes.length, false);
    writer.bytes.set(bytes, offset);
    writer.commit();
  }
  let received = 0;
  for (const reader of readers) {
    while (reader.next()) received += reader.bytes.subarray(reader.offset, reader.offset + reader.length).length;
    reader.commit();
  }
  return received;
}

const channels = Array.from({ length: READERS }, () => new MessageChannel());

function throughPorts(): number {
  for (let i = 0; i < BATCH; i++) for (const { port1 } of channels) port1.postMessage(bytes);
  let received = 0;
  for (const { port2 } of channels) {
    let message = receiveMessageOnPort(port2);
    while (message !== undefined) {
      received += (message.message as Uint8Array).length;
      message = receiveMessageOnPort(port2);
    }
  }
  return received;
}

assert.equal(throughLog(), BATCH * READERS * bytes.length);
assert.equal(throughPorts(), BATCH * READERS * bytes.length);
await compare(`${BATCH} packets of ${bytes.length} bytes to ${READERS} readers`, {
  'broadcast log': throughLog,
  'MessagePort per reader': throughPorts,
});
for (const { port1 } of channels) port1.close();
