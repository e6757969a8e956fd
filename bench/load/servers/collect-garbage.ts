/**
 * Collects the garbage of all threads of a server under test. `gc()` reaches one thread only: what a burst of connections
 * left behind in the others would count as memory of the idle sockets, in one run more and in the next one less.
 */
import { Session } from 'node:inspector/promises';

/** A thread that sleeps collects when it wakes, the coordinator within a second; those that never wake have no garbage. */
const WAKING_MILLIS = 1500;

export async function collectGarbage(): Promise<void> {
  globalThis.gc?.();
  const session = new Session();
  session.connect();
  const threads: string[] = [];
  session.on('NodeWorker.attachedToWorker', ({ params }) => threads.push(params.sessionId));
  try {
    await session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
    const message = JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' });
    for (const sessionId of threads) await session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
    await new Promise((resolve) => setTimeout(resolve, WAKING_MILLIS));
    await session.post('NodeWorker.disable');
  } finally {
    session.disconnect();
  }
}
