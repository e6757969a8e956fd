/**
 * Elements of the documented API that show the engine, each test under its number. Real threads, real clients.
 */
import assert from 'node:assert/strict';
import { after, describe, it, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { Server } from '../../core/index.ts';
import { resolveOptions, type ServerOptions } from '../../core/options.ts';
import { type ClientOptions, closeConnection, openClient } from '../support/clients.ts';
import { waitFor, waitForAll } from '../support/wait-for.ts';

const servers: Server[] = [];
after(() => Promise.all(servers.map((io) => io.close())));

function listen(options: ServerOptions = {}): { io: Server; port: number } {
  const io: Server = new Server(0, { ioThreads: 1, ...options });
  servers.push(io);
  return { io, port: (io.httpServer.address() as { port: number }).port };
}

/** The handshake of a polling client: status, and the answer without its packet type. */
async function handshake(
  port: number,
  path = '/socket.io/?EIO=4&transport=polling',
): Promise<{ status: number; body: any }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  const text = await response.text();
  return { status: response.status, body: response.ok ? JSON.parse(text.slice(1)) : text };
}

function open(t: TestContext, port: number, options: ClientOptions = {}) {
  const client = openClient(4, port, '/', options);
  t.after(() => closeConnection(client));
  return client;
}

describe('the engine', () => {
  it('12: pingTimeout is 60000 ms unless given, and clients are told', async () => {
    assert.equal(resolveOptions({}).pingTimeout, 60_000);
    assert.equal((await handshake(listen({ pingTimeout: 4321 }).port)).body.pingTimeout, 4321);
    for (const falsy of [0, null]) {
      assert.equal((await handshake(listen({ pingTimeout: falsy as never }).port)).body.pingTimeout, 60_000);
    }
  });

  it('13: pingInterval is 25000 ms unless given, and clients are told', async () => {
    assert.equal(resolveOptions({}).pingInterval, 25_000);
    assert.equal((await handshake(listen({ pingInterval: 5432 }).port)).body.pingInterval, 5432);
  });

  it('14: transports is the list of what may be used; its order means nothing', async (t) => {
    const both = listen({ transports: ['websocket', 'polling'] });
    assert.equal((await handshake(both.port)).status, 200);
    const { io, port } = listen({ transports: ['websocket'] });
    const refused = await handshake(port);
    assert.equal(refused.status, 400);
    assert.equal(JSON.parse(refused.body).code, 0);
    const connected = waitFor(io, 'connection');
    open(t, port);
    await connected;
  });

  it('16: options of the engine have their defaults, and clients are told', async () => {
    const { body } = await handshake(listen().port);
    const told = { upgrades: ['websocket'], pingInterval: 25_000, pingTimeout: 60_000, maxPayload: 1_000_000 };
    assert.deepEqual(body, { sid: body.sid, ...told });
    const given = { allowUpgrades: false, maxHttpBufferSize: 5000 };
    const other = (await handshake(listen(given).port)).body;
    assert.deepEqual([other.upgrades, other.maxPayload], [[], 5000]);
    const options = resolveOptions({});
    assert.deepEqual(
      [options.upgradeTimeout, options.destroyUpgrade, options.destroyUpgradeTimeout],
      [10_000, true, 1000],
    );
    assert.deepEqual([options.perMessageDeflate, options.httpCompression], [null, { threshold: 1024, zlib: {} }]);
    assert.equal(options.cookie, null);
    const { cookie } = resolveOptions({ cookie: 'io', cookiePath: '/here', cookieHttpOnly: false });
    assert.match(JSON.stringify(cookie), /here/);
  });

  it('16: initialPacket is the first message of every connection', async (t) => {
    for (const [initialPacket, frame] of [
      ['hello', Buffer.from('4hello')],
      [Buffer.from([1, 2, 3]), Buffer.from([1, 2, 3])],
    ] as const) {
      const { port } = listen({ initialPacket });
      for (const revision of [3, 4]) {
        const ws = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=${revision}&transport=websocket`);
        t.after(() => ws.terminate());
        const [[open], [first]] = (await waitForAll(ws, 'message', { count: 2 })) as [Buffer][];
        assert.equal(open.toString()[0], '0');
        const prefix = revision === 3 && typeof initialPacket !== 'string' ? [4] : [];
        assert.deepEqual(first, Buffer.from([...prefix, ...frame]));
      }
    }
  });

  it('16: wsEngine has no effect', async (t) => {
    const { io, port } = listen({ wsEngine: 'ws', transports: ['websocket', 'webtransport'] });
    const connected = waitFor(io, 'connection');
    open(t, port);
    await connected;
  });

  it('22: every URL below the path is a request of the engine, one that is not is not', async () => {
    const { port } = listen({ path: '/chat' });
    assert.equal((await handshake(port, '/chat/default/?EIO=4&transport=polling')).status, 200);
    assert.equal((await handshake(port, '/chat?EIO=4&transport=polling')).status, 404);
    assert.equal((await handshake(port)).status, 404);
  });

  it('95: a client that keeps up gets several volatile events of one turn', async (t) => {
    const { io, port } = listen();
    io.on('connection', (socket) => {
      socket.volatile.emit('v', 1);
      io.volatile.emit('v', 2);
      socket.volatile.emit('v', 3);
      assert.equal(socket.conn.transport.writable, true);
    });
    const client = open(t, port);
    assert.deepEqual(await waitForAll(client, 'v', { count: 3 }), [[1], [2], [3]]);
  });

  it('96: clientsCount counts connections', async (t) => {
    const { io, port } = listen();
    const connected = waitFor(io, 'connection');
    const client = open(t, port);
    await connected;
    assert.equal(io.engine.clientsCount, 1);
    const [socket] = io.sockets.sockets.values();
    const gone = waitFor(socket, 'disconnect');
    closeConnection(client);
    await gone;
    assert.equal(io.engine.clientsCount, 0);
  });

  it('97: conn has id, request, remoteAddress, readyState, protocol, transport, upgraded, and writes', async (t) => {
    const { io, port } = listen();
    const arrival = waitFor(io, 'connection');
    const client = open(t, port, { transports: ['polling', 'websocket'] });
    const [{ conn }] = await arrival;
    if (!conn.upgraded) await waitFor(conn, 'upgrade');
    assert.equal(conn.id, client.io.engine.id);
    assert.match(conn.remoteAddress, /127\.0\.0\.1$/);
    assert.deepEqual([conn.readyState, conn.protocol, conn.upgraded], ['open', 4, true]);
    assert.equal(conn.transport.name, 'websocket');
    assert.match(conn.request.url, /transport=polling/, 'the request stays the one of the handshake');
    const raw = waitFor(client, 'raw');
    conn.write('2["raw",1]');
    assert.deepEqual(await raw, [1]);
    const closed = waitFor(conn, 'close');
    conn.close();
    const [reason] = await closed;
    assert.deepEqual([conn.readyState, reason], ['closed', 'forced close']);
  });

  it('102: a port is enough: clients connect to a server of its own', async (t) => {
    const { io, port } = listen();
    io.on('connection', (socket) => socket.emit('news', { hello: 'world' }));
    const [news] = await waitFor(open(t, port), 'news');
    assert.deepEqual(news, { hello: 'world' });
  });
});
