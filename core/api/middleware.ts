/**
 * Runs a list of middleware functions, those of a namespace or those of a socket. App thread.
 */
import { reportUncaught } from './user-code.ts';

/** An error given to `next()`; `data` travels to the client. @since Socket.IO 2 */
export interface ExtendedError extends Error {
  /** Travels to the client. */
  data?: any;
}

export type Middleware<Subject> = (subject: Subject, next: (error?: ExtendedError) => void) => void;

/**
 * Calls each function in turn and `done` once, when the last one has gone on or the first one has given an error.
 * A second `next()` of the same function is ignored. A function that never calls `next()` ends the run silently.
 */
export function runMiddleware<Subject>(
  list: readonly Middleware<Subject>[],
  subject: Subject,
  done: (error?: ExtendedError) => void,
): void {
  const step = (index: number): void => {
    if (index === list.length) {
      done();
      return;
    }
    let called = false;
    const next = (error?: ExtendedError): void => {
      if (called) return;
      called = true;
      if (error) done(error);
      else step(index + 1);
    };
    try {
      list[index](subject, next);
    } catch (error) {
      called = true;
      reportUncaught(error);
    }
  };
  step(0);
}
