/**
 * The end of a change of rooms, which an adapter may put off. App thread.
 */
import { emitLocally } from './user-code.ts';

/**
 * @param socket gets an `error` event when the adapter fails and nobody gave a callback
 * @param result what the adapter returned: nothing when it has done it already
 * @param callback called on a later tick
 */
export function settleChange(
  socket: object,
  result: void | Promise<void>,
  callback?: (error: Error | null) => void,
): void {
  if (result === undefined) {
    if (callback) process.nextTick(callback, null);
    return;
  }
  result.then(
    () => callback && process.nextTick(callback, null),
    (error: Error) => (callback ? process.nextTick(callback, error) : emitLocally(socket, ['error', error])),
  );
}
