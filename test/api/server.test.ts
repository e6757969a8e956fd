import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { Server } from '../../core/api/server.ts';
import type { Socket } from '../../core/api/socket.ts';
import { FakeConn, type FakeEngine, FakeLink, fakeServer, join, joinLegacy, settle } from '../support/fake-engine.ts';

const engineOf = (io: Server): FakeEngine => io.engine as unknown as FakeEngine;

describe('Server', () => {
  it('can be made with and without new, and extended', () => {
    const made = [new Server(0), Server(0), Server.listen(0), Server(), new Server({ path: '/x/' })];
    class Mine extends Server {
      readonly mine = true;
    }
    made.push(new Mine(0));
    for (const io of made) {
      assert.ok(io instanceof Server);
      assert.equal(io.constructor === Server || io.constructor === Mine, true);
      assert.equal(io.sockets, io.of('/'));
      assert.equal(io.of(''), io.sockets);
    }
    assert.equal(made[4].path(), '/x');
    assert.equal(Server.listen, Server);
  });

  it('listens on a number or a numeric string, 0 included, and not before it is told', () => {
    const idle = new Server({ pingInterval: 5 });
    assert.deepEqual([idle.engine, idle.httpServer], [undefined, undefined]);
    assert.equal(idle.listen('54020', { pingInterval: 6, pingTimeout: 7 }), idle);
    assert.deepEqual(idle.httpServer.address(), { address: '::', family: 'IPv6', port: 54020 });
    assert.deepEqual(engineOf(idle).options, {
      pingInterval: 5,
      pingTimeout: 7,
      path: '/socket.io',
      serveClient: true,
    });
    const first = idle.engine;
    assert.equal(idle.attach(0, { pingTimeout: 7 }), idle);
    assert.equal(engineOf(idle).handles.length, 2, 'the same options share an engine');
    idle.attach(0);
    assert.notEqual(idle.engine, first);
    assert.equal(engineOf(idle).options.pingTimeout, undefined);
    idle.attach(0, { pingInterval: 6, pingTimeout: 7 });
    assert.equal(idle.engine, first, 'what the constructor gave wins, so these are the same');
  });

  it('refuses what it cannot listen on, with a coded error', () => {
    for (const bad of ['abc', '1e3', -1, 65536, 1.5, Number.NaN, createServer()]) {
      assert.throws(() => new Server(bad as never), { code: 'ERR_OPTION_INVALID', message: /expected a port/ });
    }
    for (const fail of [() => new Server((() => {}) as never), () => Server().attach((() => {}) as never)]) {
      assert.throws(fail, { code: 'ERR_EXPRESS_APP', message: /express request handler function/ });
    }
    assert.throws(() => new Server({ connectTimeout: -1 }), { code: 'ERR_OPTION_INVALID' });
    assert.throws(() => new Server({ pingInterval: -1 }), { code: 'ERR_OPTION_INVALID' }, 'before it listens');
    assert.throws(() => new Server({ nonsense: 1 } as never), { code: 'ERR_OPTION_UNKNOWN' });
    assert.throws(() => new Server({ path: 5 as never }), { code: 'ERR_OPTION_INVALID' });
    assert.throws(() => Server().of(5 as never), { code: 'ERR_OPTION_INVALID' });
  });

  it('forwards the methods of its main namespace', async () => {
    const { io, engine } = fakeServer();
    const sockets: Socket[] = [];
    assert.equal(
      io.on('connection', (socket) => sockets.push(socket)),
      io.sockets,
    );
    assert.equal(
      io.use((_socket, next) => next()),
      io.sockets,
    );
    const conn = await join(engine);
    assert.equal(sockets.length, 1);
    assert.equal(io.listenerCount('connection'), 1);
    assert.deepEqual(io.eventNames(), ['connection']);
    io.emit('a').emit('b');
    io.to('x').emit('no');
    io.except('x').emit('c');
    io.in(sockets[0].id).volatile.local.compress(true).emit('d');
    assert.deepEqual(conn.taken(), ['2["a"]', '2["b"]', '2["c"]', '2["d"]']);
    io.removeAllListeners('connection');
    assert.equal(io.sockets.listenerCount('connection'), 0);
  });

  it('announces new namespaces, each once and never the main one', () => {
    const io = new Server();
    const seen: string[] = [];
    io.on('new_namespace', (nsp) => seen.push(nsp.name));
    io.of('chat');
    io.of('/chat');
    io.of('/');
    assert.deepEqual(seen, ['/chat']);
    assert.deepEqual([...io._nsps.keys()], ['/', '/chat']);
  });

  it('closes everything with server shutting down, gives a promise and calls back, and can listen again', async () => {
    const { io, engine, link } = fakeServer();
    io.of('/chat');
    const conn = await join(engine, '/chat');
    await joinLegacy(engine);
    const reasons: unknown[] = [];
    for (const nsp of io._nsps.values()) {
      for (const socket of nsp.sockets.values()) socket.on('disconnect', (reason) => reasons.push(reason));
    }
    const called: unknown[] = [];
    const closing = io.close((error) => called.push(error));
    assert.deepEqual(reasons, ['server shutting down', 'server shutting down']);
    assert.equal(engine.closed, true, 'the port is given back within the call');
    await closing;
    assert.equal(called.length, 1);
    assert.equal(called[0], undefined);
    assert.equal(link.rows.size, 0);
    assert.deepEqual(conn.taken(), [], 'no DISCONNECT packet');
    await io.close((error) => called.push((error as NodeJS.ErrnoException)?.code));
    assert.equal(called[1], 'ERR_SERVER_NOT_RUNNING');
    io.listen(0);
    assert.notEqual(engineOf(io), engine);
    const again = await join(engineOf(io));
    io.emit('back');
    assert.deepEqual(again.taken(), ['2["back"]']);
  });

  it('can be closed before it listens', async () => {
    await new Server().close();
  });

  it('counts sockets and rooms beside the counters of the engine', async () => {
    const { io, engine } = fakeServer();
    await join(engine);
    assert.deepEqual(io.stats(), { drops: 0, namespaces: { '/': { sockets: 1, rooms: 1 } } });
    assert.deepEqual(new Server().stats(), { namespaces: { '/': { sockets: 0, rooms: 0 } } });
  });

  it('takes connections of a foreign engine, and tells its clients that they are connected', async () => {
    const io = new Server();
    const foreign = new EventEmitter();
    assert.equal(io.bind(foreign), io);
    const conn = new FakeConn(new FakeLink(), { protocol: 3, foreign: true });
    foreign.emit('connection', conn);
    await settle();
    assert.deepEqual(conn.taken(), ['0']);
    await io.close();
    assert.equal(io.sockets.sockets.size, 0);
  });

  it('takes another packet format', async () => {
    class Encoder {
      encode(packet: unknown): string[] {
        return [JSON.stringify(packet)];
      }
    }
    class Decoder extends EventEmitter {
      add(frame: string): void {
        this.emit('decoded', JSON.parse(frame));
      }
      destroy(): void {}
    }
    const { io, engine } = fakeServer({ parser: { Encoder, Decoder } });
    const conn = engine.open();
    conn.receive('{"type":0,"nsp":"/"}');
    await settle();
    const [socket] = io.sockets.sockets.values();
    assert.deepEqual(conn.taken(), [`{"type":0,"nsp":"/","data":{"sid":"${socket.id}"}}`]);
    const seen: unknown[] = [];
    socket.on('a', (value) => seen.push(value));
    conn.receive('{"type":2,"nsp":"/","data":["a",1]}', '{"type":2,"nsp":"/","data":["disconnect"]}');
    assert.deepEqual(seen, [1]);
    assert.equal(conn.readyState, 'closing');
  });
});
