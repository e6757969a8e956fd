/**
 * What the programs beside this file have in common: a Server on a free port that says so. Child processes run them.
 */
import { Server } from '../../../core/index.ts';

export const say = (word: string, value: unknown): void => console.log(`${word} ${String(value)}`);

/** A Server with two I/O threads; prints its port. */
export function host(): Server {
  const io = new Server(0, { ioThreads: 2 });
  say('port', portOf(io));
  return io;
}

export const portOf = (io: Server): number => (io.httpServer.address() as { port: number }).port;

/** Resolves when this many clients are connected. */
export function connected(io: Server, count: number): Promise<void> {
  return new Promise((resolve) => {
    io.on('connection', () => {
      if (io.sockets.sockets.size === count) resolve();
    });
  });
}
