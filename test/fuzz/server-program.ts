/**
 * The server process of the fuzz test: the same application behind each of the ways in, on three I/O threads that all of
 * them share. Tells the test process which ports they have, and on request its size once every stranger has gone.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MSGPACK_PARSER } from '../../core/api/msgpack-parser.ts';
import { Server, type Socket } from '../../core/index.ts';
import type { Reply, Request } from '../compat/server-process.ts';

/** Short, so that sessions which nobody closes are soon gone. */
const OPTIONS = { ioThreads: 3, pingInterval: 1000, pingTimeout: 2000, maxHttpBufferSize: 20_000 };

function serve(socket: Socket): void {
  socket.on('echo', (value: unknown) => socket.emit('echo', value));
  socket.on('again', (...args: unknown[]) => socket.emit('again', ...args));
  socket.on('merge', (value: object) => Object.assign({}, value));
  socket.on('a', (...args: unknown[]) => {
    const reply = args.at(-1);
    if (typeof reply === 'function') reply(Buffer.from('b'));
  });
}

const attached = createServer((_req, res) => res.end()).listen(0);
await once(attached, 'listening');
const servers = {
  main: new Server(0, OPTIONS),
  deflate: new Server(0, { ...OPTIONS, perMessageDeflate: { threshold: 0 }, httpCompression: { threshold: 0 } }),
  msgpack: new Server(0, { ...OPTIONS, parser: MSGPACK_PARSER }),
  attached: new Server(attached, OPTIONS),
  /** Nobody times out here. */
  patient: new Server(0, { ...OPTIONS, pingInterval: 25_000, pingTimeout: 60_000 }),
};
for (const io of Object.values(servers)) for (const name of ['/', '/chat']) io.of(name).on('connection', serve);

/** Resident bytes after a collection, with `left` sessions open and no more. */
async function memory(left: number): Promise<number> {
  const count = (): number => Object.values(servers).reduce((sum, { engine }) => sum + engine.clientsCount, 0);
  while (count() > left) await new Promise((resolve) => setImmediate(resolve));
  for (const io of Object.values(servers)) {
    for (const name of ['/', '/chat']) {
      const nsp = io.of(name);
      if (nsp.sockets.size > left || nsp.adapter.sids.size > left)
        throw new Error(`${name} keeps Sockets that have ended`);
    }
  }
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage.rss();
}

process.on('message', async (request: Request) => {
  if (request.op !== 'memory') return;
  const value = await memory(request.left ?? Number.POSITIVE_INFINITY);
  process.send?.({ id: request.id, value } satisfies Reply);
});
process.on('disconnect', () => process.exit(0));

const ports = Object.entries(servers).map(([name, io]) => [name, (io.httpServer.address() as AddressInfo).port]);
process.send?.({ ports: Object.fromEntries(ports) });
