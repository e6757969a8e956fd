/**
 * The task of every thread: piscina runs it once per thread, and its promise is the thread's life.
 * Roles are loaded only where they are played: the coordinator has no use for uWebSockets.js.
 */
import type { ThreadTask } from '../core/agents/segment.ts';

export async function runTask(task: ThreadTask): Promise<void> {
  switch (task.role) {
    case 'coordinator':
      return (await import('./coordinator-thread.ts')).runCoordinator(task);
    case 'io':
      return (await import('./io-thread.ts')).runIoThread(task);
    case 'acceptor':
      return (await import('./acceptor-thread.ts')).runAcceptor(task);
  }
}
