/**
 * What stock clients see of the later parts of the API: recovery, dynamic namespaces, other packet formats.
 */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { GivenOptions } from '../../core/api/api-options.ts';
import { MsgpackDecoder, MsgpackEncoder } from '../../core/api/msgpack-parser.ts';
import { Server } from '../../core/index.ts';
import { closeConnection, cutConnection, generations, openClient } from '../support/clients.ts';
import { waitFor, waitForAll } from '../support/wait-for.ts';

const servers: Server[] = [];
after(() => Promise.all(servers.map((io) => io.close())));

function listen(options: GivenOptions = {}): { io: Server; port: number } {
  const io: Server = new Server(0, { ioThreads: 2, ...options });
  servers.push(io);
  return { io, port: (io.httpServer.address() as { port: number }).port };
}

describe('a stock client', () => {
  it('comes back after a lost connection with all it missed, in order', async (t) => {
    const { io, port } = listen({ connectionStateRecovery: {} });
    const arrival = waitFor(io, 'connection');
    const client = openClient(4, port);
    t.after(() => closeConnection(client));
    const [socket] = await arrival;
    socket.join('r').data.user = 'u';
    const first = waitFor(client, 'n');
    socket.emit('n', 0);
    await first;
    const { id } = client;
    const log: unknown[] = [];
    client.on('n', (n) => log.push(n));
    const gone = [waitFor(socket, 'disconnect'), waitFor(client, 'disconnect')];
    cutConnection(client);
    await Promise.all(gone);
    io.emit('n', 1);
    io.to('r').emit('n', 2);
    io.to('elsewhere').emit('n', 'never');
    const arrivals = Promise.all([waitFor(io, 'connection'), waitFor(client, 'connect')]);
    client.connect();
    const [[back]] = await arrivals;
    const last = waitFor(client, 'n', (n) => n === 3);
    io.emit('n', 3);
    await last;
    assert.deepEqual(log, [1, 2, 3]);
    assert.deepEqual([client.recovered, client.id, back.id], [true, id, id]);
    assert.deepEqual([back.recovered, back.rooms.has('r'), back.data], [true, true, { user: 'u' }]);
  });

  for (const generation of generations) {
    it(`gets a namespace made for it, and what its parent sends (client ${generation}.x)`, async (t) => {
      const { io, port } = listen();
      const parent = io.of(/^\/game-\d+$/);
      const arrivals = waitForAll(io, 'new_namespace', { count: 2 });
      const clients = ['/game-1', '/game-2'].map((name) => openClient(generation, port, name));
      for (const client of clients) t.after(() => closeConnection(client));
      await Promise.all(clients.map((client) => waitFor(client, 'connect')));
      const names = (await arrivals).map(([nsp]) => nsp.name);
      assert.deepEqual(names.toSorted(), ['/game-1', '/game-2']);
      const heard = clients.map((client) => waitFor(client, 'all'));
      parent.emit('all', 1);
      assert.deepEqual(await Promise.all(heard), [[1], [1]]);
    });
  }

  it('may speak MessagePack, attachments in place', async (t) => {
    const { io, port } = listen({ parser: 'msgpack' });
    io.on('connection', (socket) => socket.on('echo', (...args) => args.pop()(...args)));
    class Decoder extends MsgpackDecoder {
      override add(frame: unknown): void {
        super.add(frame instanceof ArrayBuffer ? new Uint8Array(frame) : frame);
      }
    }
    const parser = { Encoder: MsgpackEncoder, Decoder, protocol: 5 };
    const client = openClient(4, port, '/', { parser });
    t.after(() => closeConnection(client));
    await waitFor(client, 'connect');
    const answer = await new Promise((resolve) => {
      client.emit('echo', { deep: [Buffer.from([1, 2])] }, 'ü', 1.5, (...args: unknown[]) => resolve(args));
    });
    assert.deepEqual(answer, [{ deep: [Buffer.from([1, 2])] }, 'ü', 1.5]);
  });
});
