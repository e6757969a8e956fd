/**
 * Event names that only the library may emit, in either direction. App thread.
 */
import { EngineError } from '../errors.ts';

export const RESERVED_EVENTS: ReadonlySet<unknown> = new Set([
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
]);

/**
 * True when `call`, the arguments of an `emit`, is Node's own notice about a listener rather than an event for clients:
 * the emitter passes the event's name and the listener function, which no packet looks like.
 */
export function isListenerNotice(call: readonly unknown[]): boolean {
  return (
    (call[0] === 'newListener' || call[0] === 'removeListener') && call.length === 3 && typeof call[2] === 'function'
  );
}

/** @throws {EngineError} `ERR_RESERVED_EVENT` */
export function assertNotReserved(event: unknown): void {
  if (RESERVED_EVENTS.has(event)) {
    throw new EngineError('ERR_RESERVED_EVENT', `"${String(event)}" is a reserved event name`);
  }
}
