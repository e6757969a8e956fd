/**
 * Keeps the threads of a tuning running until the test process is done: Servers with equal tuning share threads, so the
 * next one starts in milliseconds. Without it every test would pay for starting threads from TypeScript sources.
 */
import { after } from 'node:test';
import { Server } from '../../core/index.ts';

const TUNING = ['ioThreads', 'maxConnections', 'logBytes', 'ringBytes', 'batchRecords', 'flushUs'] as const;

const keepers = new Map<string, Server>();

after(async () => {
  await Promise.all([...keepers.values()].map((keeper) => keeper.close()));
  keepers.clear();
});

/** @param options of a Server; only its tuning counts */
export function keepThreads(options: object): void {
  const tuning = Object.fromEntries(
    TUNING.flatMap((name) => (name in options ? [[name, (options as Record<string, unknown>)[name]]] : [])),
  );
  const key = JSON.stringify(tuning);
  if (!keepers.has(key)) keepers.set(key, new Server(0, tuning));
}
