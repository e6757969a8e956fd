/**
 * The pool that the threads of a process run in: one task per thread, for the thread's life.
 */
import { Piscina } from 'piscina';

/** Where the threads' entry lies: beside `core/`, in the repository and in the package alike. */
const WORKER_ENTRY = new URL('../../workers/bootstrap.mjs', import.meta.url);
/**
 * Young generation of each thread's heap. They keep nearly nothing of what they allocate, so a small one is collected
 * as cheaply as V8's default of 48 MB, which each thread would fill and keep.
 */
const YOUNG_GENERATION_MB = 4;

/** A pool of exactly so many threads, started at once. */
export function createThreadPool(threads: number): Piscina {
  return new Piscina({
    filename: WORKER_ENTRY.href,
    minThreads: threads,
    maxThreads: threads,
    atomics: 'disabled',
    recordTiming: false,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
}
