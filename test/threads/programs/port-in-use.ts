/** Listens on a port that another server has. Argument: `listen` to hear of it. */
import { createServer } from 'node:net';
import { Server } from '../../../core/index.ts';
import { say } from './host.ts';

const other = createServer().listen(0);
await new Promise((resolve) => other.on('listening', resolve));
const { port } = other.address() as { port: number };
const io = new Server(port, { ioThreads: 1 });
if (process.argv[2] === 'listen') {
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => io.httpServer.on('error', resolve));
  say('code', error.code);
  say('address', io.httpServer.address());
  other.close();
  await io.close();
}
