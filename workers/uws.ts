/**
 * The parts of uWebSockets.js that its type declarations leave out, and the few rules that hold for every app of ours.
 */

import type { TemplatedApp } from 'uWebSockets.js';
import * as uws from 'uWebSockets.js';

/** Constants that the declarations know only as types. */
export const { DISABLED, SHARED_COMPRESSOR, LIBUS_LISTEN_EXCLUSIVE_PORT } = uws as unknown as {
  readonly DISABLED: number;
  /** Also means a shared decompressor: no memory per connection. */
  readonly SHARED_COMPRESSOR: number;
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
};

/** An app whose connections are accepted on another thread. */
export interface ChildApp extends TemplatedApp {
  /** Names this app to the acceptor. Register routes first. */
  getDescriptor(): unknown;
}

type ListenCallback = (socket: uws.us_listen_socket | false) => void;

/** An app that accepts for others. */
export interface AcceptorApp extends Omit<TemplatedApp, 'listen'> {
  listen(port: number, options: number, callback: ListenCallback): unknown;
  listen(host: string, port: number, options: number, callback: ListenCallback): unknown;
  addChildAppDescriptor(descriptor: unknown): void;
  removeChildAppDescriptor(descriptor: unknown): void;
}

/**
 * Waits until connections that the acceptor has already handed over have arrived: one that lands on a closed app aborts
 * the process.
 */
export async function twoTurns(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
