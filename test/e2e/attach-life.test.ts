/**
 * How a Server and the Node servers it is attached to begin and end together, and begin again.
 */
import assert from 'node:assert/strict';
import { createServer, type Server as HttpServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { closeConnection, generations, openClient } from '../support/clients.ts';
import { fetchWhole } from '../support/poller.ts';
import { waitFor } from '../support/wait-for.ts';
import { listen, makeServer } from '../support/ways.ts';

const require = createRequire(import.meta.url);
const settings = { ioThreads: 1 };
const portOf = (server: unknown): number => ((server as HttpServer).address() as AddressInfo).port;

/** Rejects unless a client gets through, over both transports. */
async function assertServes(port: number, path = '/socket.io'): Promise<void> {
  const client = openClient(4, port, '/', { transports: ['polling', 'websocket'], path });
  try {
    await waitFor(client, 'connect');
  } finally {
    closeConnection(client);
  }
}

describe('a Server and its Node servers', () => {
  it('two Servers share one, each under its path, and the other stays when one closes its engine', async (t) => {
    const server = createServer((_req, res) => res.end('mine'));
    const port = await listen(t, server);
    const first = makeServer(server, { ...settings, path: '/first' });
    const second = makeServer(server, { ...settings, path: '/second' });
    t.after(() => Promise.all([first.close(), second.close()]));
    first.on('connection', (socket) => socket.emit('who', 'first'));
    second.on('connection', (socket) => socket.emit('who', 'second'));
    const ask = async (path: string): Promise<unknown> => {
      const client = openClient(4, port, '/', { path, transports: ['polling', 'websocket'] });
      t.after(() => closeConnection(client));
      return (await waitFor(client, 'who'))[0];
    };
    assert.equal(await ask('/first'), 'first');
    assert.equal(await ask('/second'), 'second');
    await (first.engine as unknown as { close(): Promise<void> }).close();
    assert.equal(await ask('/second'), 'second');
    assert.equal((await fetchWhole(`http://127.0.0.1:${port}/first/?EIO=4&transport=polling`)).body, 'mine');
  });

  it('one Server takes several, and a port of its own beside them', async (t) => {
    const io = makeServer(settings);
    t.after(() => io.close());
    const [one, two] = [createServer(), createServer()];
    io.attach(one).attach(two).attach(0);
    const own = portOf(io.httpServer);
    for (const port of [await listen(t, one), await listen(t, two), own]) await assertServes(port);
    io.close();
    assert.equal(one.listening || two.listening, false);
  });

  it('close() closes the Node server too, whose port is free in the same tick', async (t) => {
    const server = createServer();
    const io = makeServer(server, settings);
    const port = await listen(t, server);
    const ends = [];
    for (const generation of generations) {
      for (const transport of ['polling', 'websocket']) {
        const client = openClient(generation, port, '/', { transports: [transport] });
        t.after(() => closeConnection(client));
        await waitFor(client, 'connect');
        ends.push(waitFor(client, 'disconnect'));
      }
    }
    const closed = waitFor(server, 'close');
    const done = io.close();
    assert.equal(server.listening, false);
    const successor = createServer();
    successor.listen(port);
    await waitFor(successor, 'listening');
    t.after(() => successor.close());
    await Promise.all([done, closed]);
    for (const [reason] of await Promise.all(ends)) assert.equal(reason, 'transport close');
  });

  it('a Node server that closes takes the engine with it, and the Server can be attached anew', async (t) => {
    const server = createServer();
    const io = makeServer(server, settings);
    t.after(() => io.close());
    const port = await listen(t, server);
    const arrival = waitFor(io, 'connection');
    const client = openClient(4, port);
    t.after(() => closeConnection(client));
    const [[socket]] = await Promise.all([arrival, waitFor(client, 'connect')]);
    const ends = [waitFor(socket, 'disconnect'), waitFor(server, 'close')];
    server.close(); // ends when its last connection has, so the client goes first
    client.io.engine.close();
    await Promise.all(ends);
    const next = createServer();
    io.attach(next);
    await assertServes(await listen(t, next));
  });

  it('the port handle of a Server may be closed, and the Server listens again', async (t) => {
    const io = makeServer(0, settings);
    t.after(() => io.close());
    const first = portOf(io.httpServer);
    await new Promise((resolve) => io.httpServer.close(resolve));
    io.listen(first);
    assert.equal(portOf(io.httpServer), first);
    await assertServes(first);
  });

  it('after close() it can be attached again, to the same server or another', async (t) => {
    const server = createServer((_req, res) => res.end('mine'));
    const io = makeServer(server, settings);
    t.after(() => io.close());
    await assertServes(await listen(t, server));
    await io.close();
    const port = await listen(t, server);
    assert.equal((await fetchWhole(`http://127.0.0.1:${port}/socket.io/`)).body, 'mine', 'nobody takes it now');
    io.attach(server);
    await assertServes(port);
    await io.close();
    const other = createServer();
    io.attach(other);
    await assertServes(await listen(t, other));
  });

  it('refuses an Express application in its place, and names what it wants', () => {
    for (const version of ['express-4', 'express-5']) {
      const app = require(version)();
      assert.throws(() => makeServer(app, settings), { code: 'ERR_EXPRESS_APP', message: /pass a http\.Server/ });
      assert.throws(() => makeServer(settings).attach(app), { code: 'ERR_EXPRESS_APP' });
      assert.throws(() => makeServer(settings).listen(app), { code: 'ERR_EXPRESS_APP' });
    }
  });
});
