/** Reads a MessagePort to the end of the stream and checks every message. Own thread. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { checkRecord } from './stream.ts';

const { port, count } = workerData as { port: MessagePort; count: number };
let number = 0;
port.on('message', (bytes: Uint8Array) => {
  checkRecord(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, number++);
  if (number < count) return;
  port.close();
  parentPort?.postMessage('done');
});
parentPort?.postMessage('ready');
