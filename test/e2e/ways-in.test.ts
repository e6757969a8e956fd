/**
 * Every way in carries every client: a port of our own, alone or beside an application, and Node servers.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Socket as ServerSocket } from 'socket.io';
import {
  type ClientOptions,
  type ClientSocket,
  cutConnection,
  type Generation,
  generations,
} from '../support/clients.ts';
import { Poller } from '../support/poller.ts';
import { waitFor } from '../support/wait-for.ts';
import { openThrough, openWay, upgraded, type WayIn, ways } from '../support/ways.ts';

const transports: Record<string, ClientOptions> = {
  polling: { transports: ['polling'] },
  upgrade: { transports: ['polling', 'websocket'] },
  websocket: { transports: ['websocket'] },
};
/** Past what any buffer on the road takes in one piece, below the limit of a message. */
const BIG = 'äöü€'.repeat(60_000);

/** A client whose connection has moved from polling to a WebSocket. */
async function openUpgraded(
  t: TestContext,
  server: WayIn,
  generation: Generation,
  onOpen: (client: ClientSocket) => void = () => {},
): Promise<ClientSocket> {
  const client = openThrough(t, server, generation, transports.upgrade);
  onOpen(client);
  await upgraded(client);
  if (!client.connected) await waitFor(client, 'connect');
  return client;
}

for (const way of ways) {
  describe(`by way of ${way}`, () => {
    it('every client sends and gets text, bytes and big messages over every transport', async (t) => {
      const server = await openWay(t, way, { ioThreads: 2 });
      server.io.on('connection', (socket) => {
        socket.on('echo', (value, reply) => reply(value));
      });
      for (const generation of generations) {
        for (const [name, options] of Object.entries(transports)) {
          const about = `client ${generation}.x, ${name}`;
          const client =
            name === 'upgrade'
              ? await openUpgraded(t, server, generation)
              : openThrough(t, server, generation, options);
          if (!client.connected) await waitFor(client, 'connect');
          for (const value of ['short', BIG, { bytes: Buffer.from([0, 1, 127, 128, 255]), text: 'ü' }]) {
            const answer = await new Promise((resolve) => client.emit('echo', value, resolve));
            assert.deepEqual(answer, value, about);
          }
          const gone = waitFor([...server.io.sockets.sockets.values()][0], 'disconnect');
          client.disconnect();
          assert.equal((await gone)[0], 'client namespace disconnect', about);
        }
      }
    });

    it('an upgrade loses and reorders nothing', async (t) => {
      const server = await openWay(t, way, { ioThreads: 2 });
      const order: number[] = [];
      let sent = 0;
      const emitSome = (socket: ServerSocket): void => {
        for (let i = 0; i < 10; i++) (sent % 2 ? server.io : socket).emit('n', sent++);
      };
      let flooding = true;
      server.io.on('connection', (socket) => {
        sent = 0;
        order.length = 0;
        const flood = (): void => {
          if (!flooding || !socket.connected) return;
          emitSome(socket);
          setImmediate(flood);
        };
        flood();
      });
      const client = await openUpgraded(t, server, 4, (opened) => opened.on('n', (n) => order.push(n)));
      const end = waitFor(client, 'end');
      const [socket] = server.io.sockets.sockets.values();
      while (socket.conn.transport.name !== 'websocket') await new Promise((resolve) => setImmediate(resolve));
      flooding = false;
      emitSome(socket);
      server.io.emit('end');
      await end;
      assert.deepEqual(order, [...Array(sent).keys()]);
    });

    it('the server knows who the client is, whatever it says itself', async (t) => {
      const server = await openWay(t, way, { ioThreads: 2 });
      for (const name of ['polling', 'websocket']) {
        const arrival = waitFor(server.io, 'connection');
        openThrough(t, server, 4, {
          ...transports[name],
          extraHeaders: { 'X-Broadside-Client': '6.6.6.6 1 1', Cookie: 'a=1', 'X-Other': 'kept' },
          query: { token: 'ü&=' },
        });
        const [socket] = await arrival;
        assert.match(socket.handshake.address, /^(?:::ffff:)?127\.0\.0\.1$/);
        assert.equal(socket.conn.remoteAddress, socket.handshake.address);
        assert.equal(socket.handshake.secure, server.secure);
        assert.equal(socket.handshake.headers['x-other'], 'kept');
        assert.equal(socket.handshake.headers.cookie, 'a=1');
        assert.equal(socket.handshake.headers.host, `127.0.0.1:${server.port}`);
        assert.equal(socket.handshake.query.token, 'ü&=');
        if (way.startsWith('http')) assert.equal(socket.handshake.headers['x-broadside-client'], undefined);
      }
    });

    it('a client that breaks off has a transport that failed', async (t) => {
      const server = await openWay(t, way, { ioThreads: 2 });
      for (const method of ['GET', 'POST']) {
        const poller = new Poller(t, server);
        const socket = await poller.join();
        const gone = waitFor(socket, 'disconnect');
        if (method === 'GET') {
          const poll = poller.begin('GET');
          const sent = waitFor(poll, 'finish');
          poll.end();
          await sent;
          const heard = waitFor(socket, 'later'); // the poll has been read when this has
          await poller.post('42["later"]');
          await heard;
        } else {
          const post = poller.begin('POST', { 'content-length': 100, expect: '100-continue' });
          await waitFor(post, 'continue'); // its head has been read
          await new Promise((resolve) => post.write('42["cut', resolve));
        }
        poller.breakOff();
        assert.equal((await gone)[0], 'transport error', method);
      }
      const arrival = waitFor(server.io, 'connection');
      const client = openThrough(t, server, 4);
      const [[socket]] = await Promise.all([arrival, waitFor(client, 'connect')]);
      const gone = waitFor(socket, 'disconnect');
      cutConnection(client);
      assert.equal((await gone)[0], 'transport close');
    });

    it('closing the server tells every client', async (t) => {
      const server = await openWay(t, way, { ioThreads: 2 });
      const ends: Promise<unknown[]>[] = [];
      for (const name of ['polling', 'websocket']) {
        for (const generation of generations) {
          const client = openThrough(t, server, generation, transports[name]);
          await waitFor(client, 'connect');
          ends.push(waitFor(client, 'disconnect'));
        }
      }
      await server.io.close();
      for (const [i, [reason]] of (await Promise.all(ends)).entries()) {
        // A client that is between two polls finds nobody there.
        if (i < generations.length) assert.match(String(reason), /^transport (?:close|error)$/);
        else assert.equal(reason, 'transport close');
      }
    });
  });
}
