/**
 * What `listen()` and the constructor are given: a port, or a Node server to share one with. App thread.
 */
import { EngineError } from '../errors.ts';

/** A server of `node:http`, `node:https` or `node:http2`. @since Socket.IO 2 */
export interface NodeServer {
  /** As Node has it. @param args see Node @since Socket.IO 2 */
  listen(...args: any[]): unknown;
  /** As Node has it. @param callback see Node @since Socket.IO 2 */
  close(callback?: (error?: Error) => void): unknown;
  /** As Node has it. @param event its name @param listener see Node @since Socket.IO 2 */
  on(event: string, listener: (...args: any[]) => void): unknown;
}

/** Whether it is a server rather than options. */
export function isNodeServer(target: unknown): target is NodeServer {
  return typeof target === 'object' && target !== null && 'listen' in target && typeof target.listen === 'function';
}

/**
 * The port in a number or numeric string.
 *
 * @throws {EngineError} `ERR_EXPRESS_APP` for a function, `ERR_OPTION_INVALID` for anything else
 */
export function parsePort(target: unknown): number {
  if (typeof target === 'function') {
    throw new EngineError(
      'ERR_EXPRESS_APP',
      'You are trying to attach socket.io to an express request handler function. Please pass a http.Server instance.',
    );
  }
  const numeric = typeof target === 'number' || (typeof target === 'string' && /^\d+$/.test(target));
  const port = numeric ? Number(target) : Number.NaN;
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  const met = typeof target === 'object' && target !== null ? 'an object' : String(target);
  throw new EngineError('ERR_OPTION_INVALID', `Cannot listen on ${met}; expected a port from 0 to 65535.`);
}
