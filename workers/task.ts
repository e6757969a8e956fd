/**
 * The task of every thread: piscina runs it once per thread, and its promise is the thread's life.
 * Roles are loaded only where they are played: the coordinator has no use for uWebSockets.js.
 */
import type { AcceptorTask, IoTask, ThreadTask } from '../core/agents/segment.ts';
import { tellFailedStart } from './failed-start.ts';

/** What a thread is made of. */
async function load<Module>(task: IoTask | AcceptorTask, loading: Promise<Module>): Promise<Module> {
  try {
    return await loading;
  } catch (error) {
    tellFailedStart(task, error);
    throw error;
  }
}

export async function runTask(task: ThreadTask): Promise<void> {
  switch (task.role) {
    case 'coordinator':
      return (await import('./coordinator-thread.ts')).runCoordinator(task);
    case 'io':
      return (await load(task, import('./io-thread.ts'))).runIoThread(task);
    case 'acceptor':
      return (await load(task, import('./acceptor-thread.ts'))).runAcceptor(task);
  }
}
