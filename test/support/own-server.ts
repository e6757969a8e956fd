/**
 * A server of the library alone, with the options of one test, closed when the test ends. Test processes run it.
 */
import type { TestContext } from 'node:test';
import { Server } from '../../core/index.ts';
import { keepThreads } from './keep-threads.ts';

type Options = ConstructorParameters<typeof Server>[1];

/** Hooks of the engine that its interface for other layers leaves out. */
export interface OwnServer {
  readonly io: Server;
  readonly port: number;
  /** `io.engine` with everything that applications use of it. */
  readonly engine: any;
}

/** Listens on a port of the system's choice. */
export function ownServer(t: TestContext, options: Options = {}): OwnServer {
  keepThreads({ ioThreads: 1, ...options });
  const io: Server = new Server(0, { ioThreads: 1, ...options });
  t.after(() => io.close());
  const { port } = io.httpServer.address() as { port: number };
  return { io, port, engine: io.engine };
}
