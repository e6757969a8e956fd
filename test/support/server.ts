/**
 * Starts the server under test: Broadside, or the reference implementation when BROADSIDE_REFERENCE=1.
 * Test processes run it; it is the only place that knows which of the two is running.
 */
import type { AddressInfo } from 'node:net';
import type { Server, ServerOptions } from 'socket.io';
import { keepThreads } from './keep-threads.ts';

/** True when the tests run against the reference implementation, to prove that the tests themselves are right. */
export const reference = process.env.BROADSIDE_REFERENCE === '1';

export interface ServerSettings extends Partial<ServerOptions> {
  /** I/O threads; the reference has none and ignores it. */
  ioThreads?: number;
}

export interface TestServer {
  readonly io: Server;
  readonly port: number;
  close(): Promise<void>;
}

type ServerClass = new (port: number, options: ServerSettings) => Server;

async function loadServerClass(): Promise<ServerClass> {
  if (reference) return (await import('socket.io')).Server;
  // Both offer the same API; the tests are written against the published types of the reference.
  return (await import('../../core/index.ts')).Server as unknown as ServerClass;
}

/** Listens on a port of the system's choice; `port` is known when the promise resolves. */
export async function createServer(settings: ServerSettings = {}): Promise<TestServer> {
  const ServerUnderTest = await loadServerClass();
  const { ioThreads, ...common } = settings;
  const options = reference ? { allowEIO3: true, ...common } : settings;
  if (!reference) keepThreads(settings);
  const io = new ServerUnderTest(0, options);
  const { port } = (io as unknown as { httpServer: { address(): AddressInfo } }).httpServer.address();
  return { io, port, close: async () => void (await io.close()) };
}
