/**
 * Connections of another engine beside our own: the real engine.io, bound or handed over one by one.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { type ClientSocket, closeConnection, generations, openClient } from '../support/clients.ts';
import { waitFor } from '../support/wait-for.ts';
import { listen, makeServer } from '../support/ways.ts';

const require = createRequire(import.meta.url);
// It comes with the reference, not by itself.
const { Server: EngineIo } = require(require.resolve('engine.io', { paths: [require.resolve('socket.io')] }));

describe('a foreign engine', () => {
  for (const way of ['bind', 'onconnection']) {
    it(`31, 32: its clients get broadcasts, in order, with those of our own (${way})`, async (t) => {
      const server = createServer();
      const foreign = new EngineIo({ allowEIO3: true });
      foreign.attach(server, { path: '/socket.io' });
      const io = makeServer(0, { ioThreads: 2 });
      t.after(() => {
        foreign.close();
        return io.close();
      });
      const own = (io.httpServer as unknown as { address(): { port: number } }).address().port;
      if (way === 'bind') assert.equal(io.bind(foreign), io);
      else
        foreign.on('connection', (conn: never) => assert.equal((io as never as typeof foreign).onconnection(conn), io));
      const port = await listen(t, server);

      io.on('connection', (socket) => {
        socket.join('all');
        socket.on('ask', (n, reply) => reply(n + 1));
      });
      const logs: number[][] = [];
      const clients: ClientSocket[] = [];
      for (const at of [port, own]) {
        for (const generation of generations) {
          for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
            const client = openClient(generation, at, '/', { transports });
            t.after(() => closeConnection(client));
            const log: number[] = [];
            client.on('n', (n: number) => log.push(n));
            logs.push(log);
            clients.push(client);
            await waitFor(client, 'connect');
            assert.equal(await new Promise((resolve) => client.emit('ask', 1, resolve)), 2);
          }
        }
      }
      const ends = clients.map((client) => waitFor(client, 'end'));
      const sockets = [...io.sockets.sockets.values()];
      assert.equal(sockets.length, clients.length);
      for (let n = 0; n < 60; n++) {
        if (n % 3 === 0) io.emit('n', n);
        else if (n % 3 === 1) io.to('all').emit('n', n);
        else for (const socket of sockets) socket.emit('n', n);
      }
      io.emit('end', Buffer.from([1]));
      for (const [bytes] of await Promise.all(ends)) assert.deepEqual(bytes, Buffer.from([1]));
      for (const log of logs) assert.deepEqual(log, [...Array(60).keys()]);
      const gone = clients.map((client) => waitFor(client, 'disconnect'));
      io.disconnectSockets();
      for (const [reason] of await Promise.all(gone)) assert.equal(reason, 'io server disconnect');
    });
  }
});
