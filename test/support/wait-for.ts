/**
 * Waiting for events instead of sleeping. Test processes run it.
 * A timeout here is a failure report, never part of what a test proves.
 */
export interface EventSource {
  on(event: string, listener: (...args: any[]) => void): unknown;
  off(event: string, listener: (...args: any[]) => void): unknown;
}

/** Generous: a loaded two-core machine must never fail a test by being slow. */
export const PATIENCE_MS = 20_000;

export interface WaitOptions {
  /** Only an event whose arguments pass counts. */
  filter?: (...args: any[]) => boolean;
  /** How many events to wait for. @default 1 */
  count?: number;
}

/** Waits for `count` events and resolves with the arguments of each. */
export function waitForAll(source: EventSource, event: string, options: WaitOptions = {}): Promise<any[][]> {
  const { filter, count = 1 } = options;
  const seen: any[][] = [];
  // The error is made here so that its stack names the test that waits.
  const late = new Error(`no "${event}" event within ${PATIENCE_MS} ms`);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      source.off(event, listener);
      late.message = `${seen.length} of ${count} "${event}" events within ${PATIENCE_MS} ms`;
      reject(late);
    }, PATIENCE_MS);
    function listener(...args: any[]): void {
      if (filter && !filter(...args)) return;
      seen.push(args);
      if (seen.length < count) return;
      clearTimeout(timer);
      source.off(event, listener);
      resolve(seen);
    }
    source.on(event, listener);
  });
}

/** Waits for one event and resolves with its arguments. */
export async function waitFor(source: EventSource, event: string, filter?: WaitOptions['filter']): Promise<any[]> {
  return (await waitForAll(source, event, { filter }))[0];
}

/** Fails with `what` in the message when `promise` takes longer than the patience of the tests. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
