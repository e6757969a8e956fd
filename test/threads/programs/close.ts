/** Closes when all clients are there; nothing may be left that keeps the process alive. Argument: clients. */
import { createServer } from 'node:net';
import { connected, host, portOf, say } from './host.ts';

const io = host();
const count = Number(process.argv[2]);
if (count > 0) await connected(io, count);
const port = portOf(io);
const closed = io.close();
const successor = createServer().listen(port); // in the same tick
await new Promise((resolve, reject) => successor.on('listening', resolve).on('error', reject));
successor.close();
await closed;
say('closed', true);
