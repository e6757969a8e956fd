/** Waits until the machine has nothing left to do. Orchestrator only. */
import { cpus } from 'node:os';

const LOOK_EVERY_MILLIS = 200;
/** Of all cores. Not all of it: others may use the machine too. */
const IDLE_SHARE = 0.9;
/** On a machine that others keep busy there is no rest to wait for. */
const MAX_WAIT_MILLIS = 5_000;

/** What the kernel does after connections have closed counts for no process; so the cores are asked. */
export async function machineRest(): Promise<void> {
  const deadline = performance.now() + MAX_WAIT_MILLIS;
  let before = times();
  while (performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MILLIS));
    const now = times();
    if (now.idle - before.idle >= IDLE_SHARE * (now.all - before.all)) return;
    before = now;
  }
}

/** Milliseconds of all cores since boot. */
function times(): { idle: number; all: number } {
  let idle = 0;
  let all = 0;
  for (const core of cpus()) {
    idle += core.times.idle;
    for (const millis of Object.values(core.times)) all += millis;
  }
  return { idle, all };
}
