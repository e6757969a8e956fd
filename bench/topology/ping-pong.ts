/**
 * A number to another thread and back, one at a time: how long waking a thread takes, for each way of waiting. Each
 * answer is checked. Half of the round trip is one wake-up; spinning shows what is left without any.
 */
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { Control, type Doorbell } from '../../core/shm/control.ts';
import { SpscRing } from '../../core/shm/spsc-ring.ts';
import { Histogram } from '../load/histogram.ts';
import { nextMessage, row, startThread, type WaitStrategy } from './threads.ts';

const RING_BYTES = 1 << 20;
const PINGER = 0;
const PONGER = 1;
const WARM_UP = 2_000;
const TRIPS = 20_000;
const TYPE = 1;
const SLEEP_MILLIS = 1_000;

console.log('ping-pong: round trip in microseconds');
row('', 'p50', 'p99', 'p99.9');
for (const strategy of ['Atomics.wait', 'Atomics.waitAsync', 'spin'] as const) await throughRings(strategy);
await throughPorts();
console.log();

async function throughRings(strategy: WaitStrategy): Promise<void> {
  const controlMemory = Control.create(1);
  const control = new Control(controlMemory, 1);
  const [out, back] = [SpscRing.create(RING_BYTES), SpscRing.create(RING_BYTES)];
  const ponger = await startThread('./ponger.ts', {
    strategy,
    control: controlMemory,
    incoming: out,
    outgoing: back,
    own: PONGER,
    other: PINGER,
    count: WARM_UP + TRIPS,
  });
  const [own, other] = [control.doorbell(PINGER), control.doorbell(PONGER)];
  const [producer, consumer] = [new SpscRing(out), new SpscRing(back)];
  const times = new Histogram();
  for (let number = 1; number <= WARM_UP + TRIPS; number++) {
    const startMillis = performance.now();
    producer.words[producer.claim(TYPE, 0, 4) >> 2] = number;
    producer.commit();
    other.ring();
    while (!consumer.next()) await wait(strategy, own, consumer);
    if (consumer.words[consumer.offset >> 2] !== number) throw new Error(`ping ${number} came back as another`);
    consumer.free();
    if (number > WARM_UP) times.record((performance.now() - startMillis) * 1e6);
  }
  await finish(ponger, strategy, times);
}

/** Nothing to await but where the strategy is asynchronous: an await costs as much as a wake-up. */
function wait(strategy: WaitStrategy, own: Doorbell, consumer: SpscRing): Promise<unknown> | undefined {
  if (strategy === 'spin') return undefined;
  own.prepareSleep();
  if (!consumer.isEmpty()) own.cancelSleep();
  else if (strategy === 'Atomics.waitAsync') return own.sleepAsync();
  else own.sleep(SLEEP_MILLIS);
  return undefined;
}

async function throughPorts(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const ponger = await startThread('./ponger.ts', { strategy: 'MessagePort', port: port2, count: WARM_UP + TRIPS }, [
    port2,
  ]);
  const times = new Histogram();
  for (let number = 1; number <= WARM_UP + TRIPS; number++) {
    const startMillis = performance.now();
    const answer = await pingPort(port1, number);
    if (answer !== number) throw new Error(`ping ${number} came back as ${answer}`);
    if (number > WARM_UP) times.record((performance.now() - startMillis) * 1e6);
  }
  await finish(ponger, 'MessagePort', times);
  port1.close();
}

function pingPort(port: MessagePort, number: number): Promise<number> {
  return new Promise((resolve) => {
    port.once('message', resolve);
    port.postMessage(number);
  });
}

async function finish(ponger: Worker, strategy: WaitStrategy, times: Histogram): Promise<void> {
  row(strategy, ...[0.5, 0.99, 0.999].map((share) => (times.quantile(share) / 1e3).toFixed(1)));
  ponger.postMessage('end');
  await nextMessage(ponger);
  await ponger.terminate();
}
