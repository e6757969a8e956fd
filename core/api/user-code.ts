/**
 * Calls into the application's functions. App thread.
 * What they throw must not unwind through the library: it is thrown again from a tick of its own, where it is an
 * ordinary uncaught exception, and the packets that were waiting go on.
 */
import { EventEmitter } from 'node:events';

function rethrow(error: unknown): never {
  throw error;
}

/** Makes `error` an uncaught exception of the next tick. */
export function reportUncaught(error: unknown): void {
  process.nextTick(rethrow, error);
}

/**
 * Runs the listeners of `emitter` for `[event, ...args]`, past any `emit` its class overrides. `error` is an event like
 * any other here: without a listener it is dropped, where Node would throw.
 */
export function emitLocally(emitter: object, args: readonly unknown[]): void {
  // hot: every inbound event.
  try {
    if (args[0] === 'error' && EventEmitter.prototype.listenerCount.call(emitter, 'error') === 0) return;
    Reflect.apply(EventEmitter.prototype.emit, emitter, args);
  } catch (error) {
    reportUncaught(error);
  }
}
