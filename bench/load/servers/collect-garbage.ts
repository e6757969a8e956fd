/**
 * Collects the garbage of all threads of a server under test, and has V8 give the memory back. `gc()` reaches one thread
 * only, and leaves it to chance whether the young generation shrinks, up to 20 MB: what a burst of connections has left
 * behind would count as memory of the idle sockets, in one run and not in the next.
 */
import { Session } from 'node:inspector/promises';

/** A thread that sleeps collects when it wakes, the coordinator within a second; those that never wake have no garbage. */
const WAKING_MILLIS = 1500;

export async function collectGarbage(): Promise<void> {
  const session = new Session();
  session.connect();
  const threads: string[] = [];
  session.on('NodeWorker.attachedToWorker', ({ params }) => threads.push(params.sessionId));
  try {
    await session.post('HeapProfiler.collectGarbage');
    await session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
    const message = JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' });
    for (const sessionId of threads) await session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
    await new Promise((resolve) => setTimeout(resolve, WAKING_MILLIS));
    await session.post('NodeWorker.disable');
  } finally {
    session.disconnect();
  }
}
