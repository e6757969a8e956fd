/** How a thread says that it cannot start: the app thread is blocked meanwhile, and would hear of no exception. */
import type { AcceptorTask, IoTask } from '../core/agents/segment.ts';
import type { FailedStart } from '../core/agents/thread-port.ts';
import { Control } from '../core/shm/control.ts';
import { ACCEPTOR_THREAD, FIRST_IO_THREAD } from '../core/shm/layout.ts';

export function tellFailedStart(task: IoTask | AcceptorTask, error: unknown): void {
  const { control, tuning } = task.segment;
  task.controlPort.postMessage({ op: 'failed', message: String(error) } satisfies FailedStart);
  const thread = task.role === 'io' ? FIRST_IO_THREAD + task.ioThread : ACCEPTOR_THREAD;
  new Control(control, tuning.ioThreads).notice(thread);
}
