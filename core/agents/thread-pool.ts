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

/** Profilers watch every thread: `--cpu-prof`, `--heap-prof` and what belongs to them, written with `=`. */
const PROFILER_OPTION = /^--(cpu|heap)-prof(-[a-z]+=.*)?$/;

/**
 * A pool of exactly so many threads, started at once. Of the options that Node itself was started with, they get those of
 * profilers only: what the application has loaded beforehand (`--import`, `--require`) is its own and runs in none of them.
 */
export function createThreadPool(threads: number): Piscina {
  return new Piscina({
    filename: WORKER_ENTRY.href,
    minThreads: threads,
    maxThreads: threads,
    atomics: 'disabled',
    recordTiming: false,
    execArgv: process.execArgv.filter((option) => PROFILER_OPTION.test(option)),
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
}
