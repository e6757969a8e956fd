/** Ten Servers share their threads: counts the threads of the process, then closes one by one, the last three at once. */
import { readdirSync } from 'node:fs';
import { Server } from '../../../core/index.ts';
import { say } from './host.ts';

const threads = (): number => readdirSync('/proc/self/task').length;
const first = new Server(0, { ioThreads: 2 });
const one = threads();
const servers = [first, ...Array.from({ length: 9 }, () => new Server(0, { ioThreads: 2 }))];
say('more', threads() - one);
say('ports', new Set(servers.map((io) => (io.httpServer.address() as { port: number }).port)).size);
while (servers.length > 3) await servers.pop()?.close();
await Promise.all(servers.map((io) => io.close()));
const again = new Server(0, { ioThreads: 2 });
await again.close();
say('closed', true);
