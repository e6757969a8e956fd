/** Starts the other threads of a topology bench and waits for what they tell. Main thread. */
import { once } from 'node:events';
import { type MessagePort, Worker } from 'node:worker_threads';

/** How a thread waits for the next record. */
export type WaitStrategy = 'Atomics.wait' | 'Atomics.waitAsync' | 'MessagePort' | 'spin';

/** Starts `entry`, a file of this folder, with `data`; resolves once the thread has said it is ready. */
export async function startThread(entry: string, data: object, transfer: readonly MessagePort[] = []): Promise<Worker> {
  const worker = new Worker(new URL('./bootstrap.mjs', import.meta.url), {
    workerData: { entry: new URL(entry, import.meta.url).href, ...data },
    transferList: [...transfer],
  });
  await nextMessage(worker);
  return worker;
}

/** The thread's next message; rejects when the thread fails instead. */
export async function nextMessage<T>(worker: Worker): Promise<T> {
  const ended = new AbortController();
  const exit = once(worker, 'exit', ended).then(([code]) => {
    throw new Error(`a thread ended with ${code} before it had answered`);
  });
  // `once` rejects by itself when the thread throws.
  const message = once(worker, 'message', ended).then(([value]) => value as T);
  exit.catch(() => {});
  message.catch(() => {});
  try {
    return await Promise.race([message, exit]);
  } finally {
    ended.abort();
  }
}

export function row(name: string, ...cells: readonly string[]): void {
  console.log(`  ${name.padEnd(34)}${cells.map((cell) => cell.padStart(22)).join('')}`);
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
