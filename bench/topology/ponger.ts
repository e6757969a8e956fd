/** Sends every number back that it gets, and waits for the next as it is told to. Own thread. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Control } from '../../core/shm/control.ts';
import { SpscRing } from '../../core/shm/spsc-ring.ts';
import type { WaitStrategy } from './threads.ts';

const TYPE = 1;
const SLEEP_MILLIS = 1_000;

interface RingData {
  strategy: WaitStrategy;
  control: SharedArrayBuffer;
  incoming: SharedArrayBuffer;
  outgoing: SharedArrayBuffer;
  own: number;
  other: number;
  count: number;
}

async function pongRings(data: RingData): Promise<void> {
  const control = new Control(data.control, 1);
  const [own, other] = [control.doorbell(data.own), control.doorbell(data.other)];
  const [incoming, outgoing] = [new SpscRing(data.incoming), new SpscRing(data.outgoing)];
  for (let answered = 0; answered < data.count; ) {
    if (incoming.next()) {
      outgoing.words[outgoing.claim(TYPE, 0, 4) >> 2] = incoming.words[incoming.offset >> 2];
      outgoing.commit();
      incoming.free();
      answered++;
      other.ring();
      continue;
    }
    if (data.strategy === 'spin') continue;
    own.prepareSleep();
    if (!incoming.isEmpty()) own.cancelSleep();
    else if (data.strategy === 'Atomics.waitAsync') await own.sleepAsync();
    else own.sleep(SLEEP_MILLIS);
  }
}

function pongPort({ port, count }: { port: MessagePort; count: number }): void {
  let answered = 0;
  port.on('message', (number: number) => {
    port.postMessage(number);
    if (++answered === count) port.close();
  });
}

parentPort?.once('message', () => parentPort?.postMessage('ended'));
parentPort?.postMessage('ready');
if (workerData.strategy === 'MessagePort') pongPort(workerData);
else await pongRings(workerData);
