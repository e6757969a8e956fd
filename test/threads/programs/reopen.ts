/** Closes a Server and listens on its port with another one in the same tick, again and again. */
import { Server } from '../../../core/index.ts';
import { host, portOf, say } from './host.ts';

let io = host();
const port = portOf(io);
const closes: Promise<void>[] = [];
for (let i = 0; i < 2; i++) {
  closes.push(io.close());
  io = new Server(port, { ioThreads: 2 });
}
say('same', portOf(io) === port);
await Promise.all([...closes, io.close()]);
