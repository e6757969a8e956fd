/**
 * The task of every thread: piscina runs it once per thread, and its promise is the thread's life.
 * Roles are loaded only where they are played: the coordinator has no use for uWebSockets.js.
 */
import type { AcceptorTask, IoTask, ThreadTask } from '../core/agents/segment.ts';
import type { FailedStart } from '../core/agents/thread-port.ts';
import { Control } from '../core/shm/control.ts';
import { ACCEPTOR_THREAD, FIRST_IO_THREAD } from '../core/shm/layout.ts';

/** What a thread is made of. One that cannot load it says why: the app thread is blocked and would hear nothing. */
async function load<Module>(task: IoTask | AcceptorTask, loading: Promise<Module>): Promise<Module> {
  try {
    return await loading;
  } catch (error) {
    const { control, tuning } = task.segment;
    task.controlPort.postMessage({ op: 'failed', message: String(error) } satisfies FailedStart);
    const thread = task.role === 'io' ? FIRST_IO_THREAD + task.ioThread : ACCEPTOR_THREAD;
    new Control(control, tuning.ioThreads).notice(thread);
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
