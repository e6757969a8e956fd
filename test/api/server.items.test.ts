/**
 * The server's elements of the documented API, each test under its number.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { Adapter } from '../../core/api/adapter.ts';
import type { GivenOptions } from '../../core/api/api-options.ts';
import { setEngineFactory } from '../../core/api/engine-host.ts';
import { Server } from '../../core/api/server.ts';
import { FakeConn, FakeEngine, FakeLink, fakeServer, join, joinLegacy, settle } from '../support/fake-engine.ts';

/** Servers made by `body` get engines that can take over a Node server. */
function withAttachableEngine(body: (attached: [unknown, GivenOptions][]) => void): void {
  const attached: [unknown, GivenOptions][] = [];
  setEngineFactory((options) =>
    Object.assign(new FakeEngine(options), {
      attach: (server: unknown, given: GivenOptions) => attached.push([server, given]),
    }),
  );
  try {
    body(attached);
  } finally {
    setEngineFactory((options) => new FakeEngine(options));
  }
}

/** Warnings of the process while `body` runs. */
async function warnings(body: () => void): Promise<string[]> {
  const seen: string[] = [];
  const listener = (warning: Error): void => void seen.push(warning.message);
  process.on('warning', listener);
  body();
  await settle();
  process.removeListener('warning', listener);
  return seen;
}

const foreign = (options = {}): FakeConn => new FakeConn(new FakeLink(), { foreign: true, ...options });

describe('making a server', () => {
  it('1: the class can be called without new, and is its own listen', () => {
    assert.ok(Server() instanceof Server);
    assert.ok(new Server() instanceof Server);
    assert.equal(Server.listen, Server);
    assert.deepEqual((Server.listen(0).httpServer.address() as { port: number }).port, 0);
  });

  it('2: new Server(httpServer) attaches at once, with the options', () => {
    withAttachableEngine((attached) => {
      const http = createServer();
      const io = new Server(http, { pingInterval: 500 });
      assert.equal(io.httpServer, http);
      assert.equal(attached.length, 1);
      assert.equal(attached[0][0], http);
      assert.equal(attached[0][1].pingInterval, 500);
    });
  });

  it('3: new Server(port) listens on a number, a numeric string, and 0', () => {
    for (const [given, port] of [
      [3000, 3000],
      ['54020', 54020],
      [0, 0],
    ] as const) {
      assert.deepEqual((new Server(given).httpServer.address() as { port: number }).port, port);
    }
  });

  it('4: new Server(options) attaches nothing, and its options win over those of a later listen', () => {
    const io = new Server({ pingInterval: 111 });
    assert.equal(io.engine, undefined);
    assert.equal(io.eio, undefined);
    assert.equal(io.httpServer, undefined);
    io.listen(0, { pingInterval: 222, pingTimeout: 333 });
    const { options } = io.engine as unknown as FakeEngine;
    assert.equal(options.pingInterval, 111);
    assert.equal(options.pingTimeout, 333);
    assert.equal(io.eio, io.engine);
  });

  it('5: the option path loses one trailing slash and reaches the engine', () => {
    assert.equal(new Server().path(), '/socket.io');
    const { io, engine } = fakeServer({ path: '/chat/' });
    assert.equal(io.path(), '/chat');
    assert.equal(engine.options.path, '/chat');
    const late = new Server();
    late.listen(0, { path: '/late/' });
    assert.equal(late.path(), '/late');
  });

  it('6: the option serveClient is on unless it is false, and reaches the engine', () => {
    assert.equal(new Server().serveClient(), true);
    const { io, engine } = fakeServer({ serveClient: false });
    assert.equal(io.serveClient(), false);
    assert.equal(engine.options.serveClient, false);
    for (const value of [1, 0, null, '']) {
      assert.equal(fakeServer({ serveClient: value as never }).engine.options.serveClient, true);
      assert.equal(new Server().listen(0, { serveClient: value as never }).serveClient(), true);
    }
  });

  it('7: the option adapter is a class or a function that returns an adapter, made with the namespace', () => {
    class Mine extends Adapter {}
    assert.ok(new Server({ adapter: Mine }).sockets.adapter instanceof Mine);
    const made: unknown[] = [];
    const io = new Server({
      adapter: function make(nsp: unknown) {
        made.push(nsp);
        return new Mine(nsp as never);
      },
    });
    assert.deepEqual(made, [io.sockets]);
    assert.throws(() => new Server({ adapter: ((nsp: never) => new Mine(nsp)) as never }), TypeError);
    assert.throws(() => new Server({ adapter: {} as never }), { code: 'ERR_OPTION_INVALID' });
  });

  it('8: the option origins is a string, an array or a function, and means anybody by default', () => {
    assert.equal(new Server().origins(), '*');
    assert.equal((fakeServer().engine as { origins?: unknown }).origins, undefined, 'no check that nobody asked for');
    for (const origins of ['http://a.example:*', ['http://a.example'], (): void => {}]) {
      const { io, engine } = fakeServer({ origins });
      assert.equal(io.origins(), origins);
      assert.equal((engine as { origins?: unknown }).origins, origins);
    }
    assert.throws(() => new Server({ origins: [5] as never }), { code: 'ERR_OPTION_INVALID' });
  });

  it('11: options of the engine pass through, and the object given is not changed', () => {
    const given = Object.freeze({ pingTimeout: 1234, path: '/x/', adapter: Adapter, maxDepth: 5 });
    const { options } = fakeServer(given).engine;
    assert.deepEqual(options, { pingTimeout: 1234, path: '/x', serveClient: true });
  });
});

describe('a server', () => {
  it('17: sockets is the main namespace, the same as of("/") and of("")', () => {
    const io = new Server();
    assert.equal(io.sockets.name, '/');
    assert.equal(io.of('/'), io.sockets);
    assert.equal(io.of(''), io.sockets);
  });

  it('19: serveClient() gives the value last set, and chains when it sets', () => {
    const io = new Server();
    assert.equal(io.serveClient(false), io);
    assert.equal(io.serveClient(), false);
    assert.equal(io.serveClient(true).serveClient(), true);
    const attached = new Server().listen(0, { serveClient: false });
    assert.equal(attached.serveClient(), false);
  });

  it('21: path() gives and sets, strips one slash, and chains', () => {
    const io = new Server();
    assert.equal(io.path('/a//'), io);
    assert.equal(io.path(), '/a/');
    io.path('/b').listen(0);
    assert.equal((io.engine as unknown as FakeEngine).options.path, '/b');
  });

  it('23: adapter() gives the class; setting it gives every namespace a new one, sockets only in the room of their id', async () => {
    class Mine extends Adapter {}
    const { io, engine } = fakeServer();
    const chat = io.of('/chat');
    await join(engine);
    const [socket] = io.sockets.sockets.values();
    socket.join('r');
    assert.equal(io.adapter(), Adapter);
    assert.equal(io.adapter(Mine), io);
    assert.equal(io.adapter(), Mine);
    assert.ok(io.sockets.adapter instanceof Mine && chat.adapter instanceof Mine);
    assert.deepEqual([...io.sockets.adapter.rooms.keys()], [socket.id]);
  });

  it('24: origins() gives the raw value; setting it chains and reaches an engine that runs', () => {
    const { io, engine } = fakeServer();
    assert.equal(io.origins(['http://a.example:80', 'b.example:*']), io);
    assert.deepEqual(io.origins(), ['http://a.example:80', 'b.example:*']);
    assert.equal((engine as { origins?: unknown }).origins, io.origins());
    assert.throws(() => io.origins({} as never), { code: 'ERR_OPTION_INVALID' });
  });

  it('26: origins(fn) keeps the function for the engine to ask', () => {
    const { io, engine } = fakeServer();
    const decide = (_origin: string, callback: (error: string | null, allow: boolean) => void): void =>
      callback(null, true);
    io.origins(decide);
    assert.equal((engine as { origins?: unknown }).origins, decide);
  });

  it('28: attach(httpServer) returns the server, and refuses an Express app by name', () => {
    withAttachableEngine((attached) => {
      const http = createServer();
      const io = new Server();
      assert.equal(io.attach(http), io);
      assert.equal(io.httpServer, http);
      assert.equal(attached.length, 1);
    });
    assert.throws(() => new Server().attach((() => {}) as never), /pass a http\.Server instance/);
    assert.throws(() => new Server().attach(createServer()), { code: 'ERR_OPTION_INVALID' });
  });

  it('29: attach(port) listens and chains', () => {
    const io = new Server();
    assert.equal(io.attach(8080), io);
    assert.equal((io.httpServer.address() as { port: number }).port, 8080);
  });

  it('30: listen() is attach() in both forms', () => {
    const io = new Server();
    assert.equal(io.listen('8081'), io);
    assert.equal((io.httpServer.address() as { port: number }).port, 8081);
    withAttachableEngine((attached) => {
      new Server().listen(createServer(), { pingTimeout: 7 });
      assert.equal(attached[0][1].pingTimeout, 7);
    });
  });

  it('31: bind(engine) makes it the engine, takes its connections, and tells clients of / that they are in', async () => {
    const io = new Server();
    const source = new EventEmitter();
    assert.equal(io.bind(source), io);
    assert.equal(io.engine, source);
    assert.deepEqual([io.eio, io.httpServer], [undefined, undefined]);
    const conn = foreign({ protocol: 3 });
    source.emit('connection', conn);
    await settle();
    assert.deepEqual(conn.taken(), ['0']);
  });

  it('32: onconnection(conn) returns the server; a conn without protocol joins / unasked', async () => {
    const io = new Server();
    const old = foreign({ protocol: undefined });
    Object.defineProperty(old, 'protocol', { value: undefined });
    assert.equal(io.onconnection(old), io);
    const modern = foreign();
    io.onconnection(modern);
    await settle();
    assert.deepEqual(old.taken(), ['0']);
    assert.deepEqual(modern.taken(), []);
    modern.receive('0');
    await settle();
    modern.taken();
    io.emit('all');
    assert.deepEqual([old.taken(), modern.taken()], [['2["all"]'], ['2["all"]']]);
  });

  it('33: of(name) adds the slash, makes each namespace once, and takes a listener for connect', async () => {
    const { io, engine } = fakeServer();
    const seen: string[] = [];
    const chat = io.of('chat', (socket) => seen.push(socket.nsp.name));
    assert.equal(chat, io.of('/chat'));
    assert.notEqual(chat, io.of('/Chat'));
    await join(engine, '/chat');
    assert.deepEqual(seen, ['/chat']);
    for (const name of [undefined, 5]) assert.throws(() => io.of(name as never), { code: 'ERR_OPTION_INVALID' });
  });

  it('34: close() ends every socket within the call, frees the port, closes attached servers, and calls back once', async () => {
    const { io, engine } = fakeServer();
    io.of('/chat');
    const conn = await join(engine);
    conn.receive('0/chat,');
    await settle();
    const reasons: unknown[] = [];
    for (const nsp of ['/', '/chat']) {
      for (const socket of io.of(nsp).sockets.values()) socket.on('disconnect', (reason) => reasons.push(reason));
    }
    const calls: unknown[] = [];
    const promise = io.close((error) => calls.push(error));
    assert.deepEqual(reasons, ['server shutting down', 'server shutting down']);
    assert.ok(engine.closed);
    await promise;
    await io.close((error) => calls.push((error as { code?: string } | undefined)?.code));
    assert.deepEqual(calls, [undefined, 'ERR_SERVER_NOT_RUNNING']);
  });

  it('34: close() closes the engine given to bind(), and the Node servers it was attached to', async () => {
    let closed = 0;
    const source = Object.assign(new EventEmitter(), { close: () => closed++ });
    const io = new Server().bind(source);
    await io.close();
    assert.equal(closed, 1);
    const http = createServer().listen(0);
    let shared!: Server;
    withAttachableEngine(() => {
      shared = new Server(http);
    });
    const promise = shared.close();
    assert.equal(http.listening, false, 'the port is free within the call');
    await promise;
  });

  it('35: methods of the main namespace work on the server and give that namespace back', async () => {
    const { io, engine } = fakeServer();
    const conn = await join(engine);
    const [socket] = io.sockets.sockets.values();
    const listener = (): void => {};
    for (const name of ['on', 'once', 'addListener', 'prependListener', 'prependOnceListener'] as const) {
      assert.equal(io[name]('connection', listener), io.sockets, name);
    }
    assert.equal(io.listenerCount('connection'), 5);
    assert.equal(io.listeners('connection').length, 5);
    assert.equal(io.rawListeners('connection').length, 5);
    for (const name of ['off', 'removeListener'] as const) {
      assert.equal(io[name]('connection', listener), io.sockets, name);
    }
    assert.deepEqual(io.eventNames(), ['connection']);
    assert.equal(io.setMaxListeners(7), io.sockets);
    assert.equal(io.getMaxListeners(), 7);
    assert.equal(io.sockets.getMaxListeners(), 7);
    assert.equal(io.removeAllListeners(), io.sockets);
    assert.equal(io.emit('a'), io.sockets);
    assert.equal(io.send('b'), io.sockets);
    assert.equal(io.write('c'), io.sockets);
    assert.equal(
      io.use((_socket, next) => next()),
      io.sockets,
    );
    assert.equal(
      io.clients(() => {}),
      io.sockets,
    );
    socket.join('r');
    io.to('r').emit('d');
    io.in('r').json.volatile.local.binary(true).compress(false).emit('e');
    io.json.emit('f');
    io.binary(false).emit('g');
    assert.deepEqual(conn.taken(), [
      '2["a"]',
      '2["message","b"]',
      '2["message","c"]',
      '2["d"]',
      '2["e"]',
      '2["f"]',
      '2["g"]',
    ]);
  });

  it('36: set() takes the old settings, before it listens, and warns of others', async () => {
    const io = new Server();
    assert.equal(io.set('heartbeat timeout', 5000), io);
    io.set('heartbeat interval', 6000).set('destroy buffer size', 7000).set('transports', ['websocket']);
    io.set('resource', '/old/').set('origins', 'http://a.example:80');
    io.listen(0);
    const { options } = io.engine as unknown as FakeEngine;
    assert.deepEqual(options, {
      pingTimeout: 5000,
      pingInterval: 6000,
      maxHttpBufferSize: 7000,
      transports: ['websocket'],
      path: '/old',
      serveClient: true,
    });
    assert.equal(io.origins(), 'http://a.example:80');
    const seen = await warnings(() => io.set('heartbeat timeout', 1).set('nonsense', 1));
    assert.equal(seen.length, 2);
    assert.match(seen[0], /heartbeat timeout has no effect/);
    assert.match(seen[1], /nonsense is not known/);
  });

  it('36: set("authorization") decides on sockets by their request', async () => {
    const { io, engine } = fakeServer();
    io.set('authorization', (request: { headers: Record<string, string> }, callback: Function) => {
      callback(request.headers.cookie === 'bad' ? 'rejected' : null, request.headers.cookie === 'good');
    });
    const replies: unknown[] = [];
    for (const cookie of ['good', 'bad', 'none']) {
      const conn = engine.open({ protocol: 3, headers: { cookie } });
      await settle();
      replies.push(...conn.taken());
    }
    assert.deepEqual(replies, ['0', '4"rejected"', '4"Not authorized"']);
  });

  it('36: nsps, encoder and parser are there', async () => {
    const { io, engine } = fakeServer();
    const chat = io.of('/chat');
    assert.deepEqual(Object.keys(io.nsps), ['/', '/chat']);
    assert.equal(io.nsps['/chat'], chat);
    assert.deepEqual(io.encoder.encode({ type: 2, nsp: '/', data: ['x'] }), ['2["x"]']);
    assert.equal(typeof io.parser.Decoder, 'function');
    await joinLegacy(engine);
    const [socket] = io.sockets.sockets.values();
    assert.equal(socket.client.encoder, io.encoder);
  });
});
