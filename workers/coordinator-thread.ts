/**
 * The coordinator's thread: drives its loop, and blocks between turns. It has no event loop to speak of: its ports are
 * read by hand.
 */
import { Coordinator } from '../core/agents/coordinator.ts';
import type { CoordinatorTask } from '../core/agents/segment.ts';
import { Control, STATE_CLOSED, STATE_RUNNING } from '../core/shm/control.ts';
import { COORDINATOR_THREAD } from '../core/shm/layout.ts';

/**
 * Looks for work this often before it sleeps, about 4 µs: a wake-up costs the ringer more than the looks cost here, and
 * what follows a record is often the next one.
 */
const LOOKS_BEFORE_SLEEP = 20;
/** A sleep ends by itself after this, so that the watchdog sees a beat. */
const MAX_SLEEP_MS = 1000;
/** While the app thread is in a turn, whose commands do not all ring. */
const NAP_MS = 1;

/** A function by itself: the one that loops for the thread's life is not compiled as well. */
function workComes(coordinator: Coordinator): boolean {
  for (let looks = 0; looks < LOOKS_BEFORE_SLEEP; looks++) if (coordinator.hasWork()) return true;
  return false;
}

export function runCoordinator(task: CoordinatorTask): void {
  const control = new Control(task.segment.control, task.segment.tuning.ioThreads);
  const doorbell = control.doorbell(COORDINATOR_THREAD);
  const coordinator = new Coordinator(task);
  control.setState(COORDINATOR_THREAD, STATE_RUNNING);
  try {
    while (!coordinator.stopped) {
      if (coordinator.doWork() > 0 || workComes(coordinator)) continue;
      doorbell.prepareSleep();
      if (coordinator.hasWork()) doorbell.cancelSleep();
      else doorbell.sleep(control.appInTurn ? NAP_MS : MAX_SLEEP_MS);
    }
  } finally {
    control.setState(COORDINATOR_THREAD, STATE_CLOSED);
  }
}
