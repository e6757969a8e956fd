/**
 * Closing all threads while the app thread can only block: from the `exit` hook. What was sent goes out first, then every
 * app is closed, because a thread that ends with an open one aborts the process.
 */
import { type Control, STATE_RUNNING } from '../shm/control.ts';
import { ACCEPTOR_THREAD, COORDINATOR_THREAD, FIRST_IO_THREAD } from '../shm/layout.ts';

/**
 * @param stopAcceptor asks it to close its apps; the I/O threads close theirs after it
 * @param boundMs gives up after this
 * @returns false when a thread has not closed by then
 */
export function closeThreads(control: Control, ioThreads: number, stopAcceptor: () => void, boundMs: number): boolean {
  const deadline = performance.now() + boundMs;
  stopAcceptor();
  if (!appsClosed(control, ACCEPTOR_THREAD, deadline)) return false;
  control.requestStop();
  control.doorbell(COORDINATOR_THREAD).ring();
  // First the coordinator: no thread comes up after it, and a crashed one may be about to.
  if (!stopped(control, COORDINATOR_THREAD, deadline)) return false;
  for (let i = 0; i < ioThreads; i++) if (!stopped(control, FIRST_IO_THREAD + i, deadline)) return false;
  return true;
}

function stopped(control: Control, thread: number, deadline: number): boolean {
  while (control.state(thread) === STATE_RUNNING) {
    const left = deadline - performance.now();
    if (left <= 0) return false;
    control.waitWhileState(thread, STATE_RUNNING, left);
  }
  return appsClosed(control, thread, deadline);
}

function appsClosed(control: Control, thread: number, deadline: number): boolean {
  for (let open = control.apps(thread); open > 0; open = control.apps(thread)) {
    const left = deadline - performance.now();
    if (left <= 0) return false;
    control.waitWhileApps(thread, open, left);
  }
  return true;
}
