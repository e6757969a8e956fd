/**
 * One `exit` listener for all runtimes of the process: many Servers must not add many listeners.
 */
const guards = new Set<() => void>();

const onExit = (): void => {
  for (const guard of guards) guard();
};

export function guardExit(guard: () => void): void {
  if (guards.size === 0) process.on('exit', onExit);
  guards.add(guard);
}

export function unguardExit(guard: () => void): void {
  guards.delete(guard);
  if (guards.size === 0) process.off('exit', onExit);
}
