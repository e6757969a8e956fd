/**
 * Elements of the documented API that show the engine, each test under its number. Real threads, real clients.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, it, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { type Conn, Server } from '../../core/index.ts';
import { resolveOptions } from '../../core/options.ts';
import type { ServerOptions } from '../../core/server-options.ts';
import { type ClientOptions, closeConnection, openClient } from '../support/clients.ts';
import { joinMain, openSession, POLLING, send, sendUpgrade } from '../support/http.ts';
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

const ENGINE_OPTIONS = ['pingTimeout', 'pingInterval', 'upgradeTimeout', 'maxHttpBufferSize', 'transports'];
ENGINE_OPTIONS.push('allowUpgrades', 'cookie', 'cookiePath', 'cookieHttpOnly', 'perMessageDeflate', 'httpCompression');
ENGINE_OPTIONS.push('initialPacket');

const ENGINE_MEMBERS = ['clients', 'clientsCount', 'generateId', 'handleRequest', 'handleUpgrade', 'attach', 'close'];
ENGINE_MEMBERS.push('upgrades', 'use', 'on', 'opts', ...ENGINE_OPTIONS);

const CONN_MEMBERS = ['id', 'server', 'request', 'remoteAddress', 'readyState', 'upgraded', 'upgrading', 'transport'];
CONN_MEMBERS.push('writeBuffer', 'protocol', 'send', 'write', 'close', 'on');

/** Events of a connection that happen on other threads, wholly or in part. */
const CONN_EVENTS_ELSEWHERE = ['packet', 'packetCreate', 'heartbeat', 'flush', 'drain', 'upgrading'];

/** What docs/compatibility.md says of an element. */
function explained(element: number): string {
  const text = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.startsWith(`| ${element} `))
    .join('\n');
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

  it('12, 13: who is silent for both together is closed with ping timeout', async () => {
    for (const revision of [3, 4]) {
      const { io, port } = listen({ pingInterval: 100, pingTimeout: 50 });
      const arrival = waitFor(io.engine, 'connection');
      await send(port, `/socket.io/?EIO=${revision}&transport=polling`);
      const [conn] = await arrival;
      assert.equal((await waitFor(conn, 'close'))[0], 'ping timeout');
    }
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
    const polling = listen({ transports: ['polling'] });
    assert.equal((await handshake(polling.port)).status, 200);
    const upgrade = await sendUpgrade(polling.port);
    assert.deepEqual([upgrade.status, JSON.parse(upgrade.text).code], [400, 0]);
  });

  it('16: options of the engine have their defaults, and clients are told', async () => {
    const { body } = await handshake(listen().port);
    const told = { upgrades: ['websocket'], pingInterval: 25_000, pingTimeout: 60_000, maxPayload: 1_000_000 };
    assert.deepEqual(body, { sid: body.sid, ...told });
    const given = { allowUpgrades: false, maxHttpBufferSize: 5000 };
    const { port } = listen(given);
    const other = (await handshake(port)).body;
    assert.deepEqual([other.upgrades, other.maxPayload], [[], 5000]);
    const session = `${POLLING}&sid=${other.sid}`;
    const post = (bytes: number) => send(port, session, { method: 'POST', body: `4${'x'.repeat(bytes - 1)}` });
    assert.equal((await post(5001)).status, 413);
    assert.equal((await post(5000)).status, 200);
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

  it('95: a client that polls and has no request open misses volatile events, and no others', async () => {
    const { io, port } = listen();
    const arrival = waitFor(io, 'connection');
    const { sid } = await openSession(port);
    await joinMain(port, sid);
    const [socket] = await arrival;
    const drops = (): number => (io.stats() as any).total.dropped;
    const before = drops();
    socket.volatile.emit('dropped');
    io.volatile.emit('dropped');
    socket.emit('kept');
    while (drops() < before + 2) await new Promise((resolve) => setImmediate(resolve)); // before it asks
    assert.equal((await send(port, `${POLLING}&sid=${sid}`)).text, '42["kept"]');
  });

  it('96: clients and clientsCount are the open connections', async (t) => {
    const { io, port } = listen();
    const arrival = waitFor(io.engine, 'connection');
    const connected = waitFor(io, 'connection');
    const client = open(t, port);
    const [conn] = await arrival;
    await connected;
    assert.deepEqual([io.engine.clientsCount, Object.keys(io.engine.clients)], [1, [conn.id]]);
    assert.equal(io.engine.clients[conn.id], conn);
    assert.equal(conn.server, io.engine);
    const [socket] = io.sockets.sockets.values();
    const gone = waitFor(socket, 'disconnect');
    closeConnection(client);
    await gone;
    assert.deepEqual([io.engine.clientsCount, Object.keys(io.engine.clients)], [0, []]);
  });

  it('96: options can be read from opts, and as members', () => {
    const cors = { origin: 'http://x.example' };
    const { engine } = listen({
      pingTimeout: 4321,
      cors,
      perMessageDeflate: { threshold: 5 },
      transports: ['polling'],
    }).io;
    const { pingTimeout, pingInterval, maxHttpBufferSize, cookie, ioThreads } = engine.opts;
    assert.deepEqual([pingTimeout, pingInterval, maxHttpBufferSize, cookie, ioThreads], [4321, 25_000, 1e6, false, 1]);
    assert.deepEqual([engine.opts.cors, engine.opts.perMessageDeflate], [cors, { threshold: 5 }]);
    assert.deepEqual([engine.opts.httpCompression, engine.opts.allowRequest], [{ threshold: 1024 }, undefined]);
    const members: Record<string, unknown> = { ...engine };
    for (const name of ENGINE_OPTIONS)
      assert.equal(members[name], (engine.opts as Record<string, unknown>)[name], name);
    assert.throws(() => Object.assign(engine.opts, { pingTimeout: 5 }), TypeError);
    assert.throws(() => Object.assign(engine, { pingTimeout: 5 }), TypeError);
  });

  it('96: upgrades() says what a transport may change to', () => {
    const { engine } = listen().io;
    assert.deepEqual([engine.upgrades('polling'), engine.upgrades('websocket')], [['websocket'], []]);
    assert.deepEqual(listen({ allowUpgrades: false }).io.engine.upgrades('polling'), []);
    assert.deepEqual(listen({ transports: ['polling'] }).io.engine.upgrades('polling'), []);
  });

  it('96: every documented member is there or explained', () => {
    const { engine } = listen().io;
    const missing = ENGINE_MEMBERS.filter((name) => !(name in engine));
    assert.deepEqual(missing, ['handleRequest', 'handleUpgrade']);
    for (const name of [...missing, 'flush', 'drain']) assert.match(explained(96), new RegExp(`\\b${name}\\b`));
  });

  it('97: conn has id, request, remoteAddress, readyState, protocol, transport, upgraded, and writes', async (t) => {
    const { io, port } = listen();
    const arrival = waitFor(io, 'connection');
    const client = open(t, port, { transports: ['polling', 'websocket'] });
    const [{ conn }] = await arrival;
    if (!conn.upgraded) await waitFor(conn, 'upgrade');
    assert.equal(conn.id, client.io.engine.id);
    assert.match(conn.remoteAddress, /127\.0\.0\.1$/);
    assert.deepEqual([conn.readyState, conn.protocol, conn.upgraded, conn.upgrading], ['open', 4, true, false]);
    const { name, sid, writable, supportsBinary, protocol } = conn.transport;
    assert.deepEqual([name, sid, writable, supportsBinary, protocol], ['websocket', conn.id, true, true, 4]);
    assert.match(conn.request.url, /transport=polling/, 'the request stays the one of the handshake');
    const raw = waitForAll(client, 'raw', { count: 2 });
    conn.write('2["raw",1]').send('2["raw",2]', { compress: false });
    assert.deepEqual(await raw, [[1], [2]]);
    const closed = waitFor(conn, 'close');
    conn.close();
    const [reason] = await closed;
    assert.deepEqual([conn.readyState, reason], ['closed', 'forced close']);
  });

  it('97: a client that asked for base64 takes no binary frames', async () => {
    const { io, port } = listen();
    const arrival = waitFor(io.engine, 'connection');
    await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=3&transport=polling&b64=1`);
    const [conn] = await arrival;
    assert.deepEqual([conn.transport.supportsBinary, conn.protocol], [false, 3]);
  });

  it('97: events tell of messages and of an upgrade, upgrading right before upgrade', async (t) => {
    const { io, port } = listen();
    const changes: unknown[] = [];
    const messages: unknown[] = [];
    io.engine.on('connection', (conn: Conn) => {
      conn.on('upgrading', (to) => changes.push([to.name, conn.transport.name, conn.upgrading, conn.upgraded]));
      conn.on('upgrade', (to) => changes.push([to.name, conn.transport === to, conn.upgrading, conn.upgraded]));
      for (const event of ['packet', 'data', 'message']) conn.on(event, (what) => messages.push([event, what]));
    });
    const connected = waitFor(io, 'connection');
    open(t, port, { transports: ['polling', 'websocket'] });
    const [{ conn }] = await connected;
    assert.deepEqual(messages, [
      ['packet', { type: 'message', data: '0' }],
      ['data', '0'],
      ['message', '0'],
    ]);
    if (!conn.upgraded) await waitFor(conn, 'upgrade');
    assert.deepEqual(changes, [
      ['websocket', 'polling', true, false],
      ['websocket', true, false, true],
    ]);
  });

  it('97: every documented member and event is there or explained', async (t) => {
    const { io, port } = listen();
    const arrival = waitFor(io, 'connection');
    open(t, port);
    const [{ conn }] = await arrival;
    const missing = CONN_MEMBERS.filter((name) => !(name in conn));
    assert.deepEqual(missing, ['writeBuffer']);
    for (const name of [...missing, ...CONN_EVENTS_ELSEWHERE]) {
      assert.match(explained(97), new RegExp(`\\b${name}\\b`));
    }
  });

  it('98: conn.send takes a callback and does not call it, whether the message arrives or is discarded', async (t) => {
    const { io, port } = listen();
    const arrival = waitFor(io, 'connection');
    const client = open(t, port);
    const [socket] = await arrival;
    const call = socket.conn.send as (...args: unknown[]) => unknown;
    const callback = (): void => assert.fail('when a batch has left is known on the I/O thread only');
    const sent = waitFor(client, 'sent');
    assert.equal(call.call(socket.conn, '2["sent",1]', { compress: false }, callback), socket.conn);
    assert.deepEqual(await sent, [1]);
    const closed = waitFor(socket.conn, 'close');
    socket.conn.close();
    call.call(socket.conn, '2["discarded"]', {}, callback);
    await closed;
    await new Promise(setImmediate);
  });

  it('102: a port is enough: clients load the script and connect to a server of its own', async (t) => {
    const { io, port } = listen();
    io.on('connection', (socket) => socket.emit('news', { hello: 'world' }));
    const [news] = await waitFor(open(t, port), 'news');
    assert.deepEqual(news, { hello: 'world' });
    assert.match((await send(port, '/socket.io/socket.io.js')).text, /Socket\.IO v4/);
    assert.equal((await send(port, '/')).status, 404);
  });
});
