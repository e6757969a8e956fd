/**
 * The socket's elements of the documented API but for its events, each test under its number.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import type { Server } from '../../core/api/server.ts';
import { Socket } from '../../core/api/socket.ts';
import { type ConnOptions, fakeServer, join, settle } from '../support/fake-engine.ts';
import { type Joined, last, legacy, modern, one } from './joined.ts';

describe('what a socket is', () => {
  it('54: an emitter, one per connection and namespace', async () => {
    const { io, engine, conn, socket } = await one();
    io.of('/chat');
    conn.receive('0/chat,');
    await settle();
    const chat = last(io.of('/chat'));
    assert.ok(socket instanceof EventEmitter && socket instanceof Socket);
    assert.notEqual(chat, socket);
    assert.deepEqual([chat.nsp, chat.server, socket.nsp], [io.of('/chat'), io, io.sockets]);
    assert.notEqual((await modern(io, engine)).socket, socket);
  });

  it('55: id is the session in / for old clients, with the namespace before it elsewhere, and random for new ones', async () => {
    const { io, engine } = fakeServer();
    io.of('/chat');
    const { conn, socket } = await legacy(io, engine);
    conn.receive('0/chat,');
    await settle();
    assert.equal(socket.id, conn.id);
    assert.equal(last(io.of('/chat')).id, `/chat#${conn.id}`);
    assert.match((await modern(io, engine)).socket.id, /^[\w-]{20}$/);
  });

  it('56: rooms is a Set and a hash, holds its own id in connection, is full in disconnecting and empty in disconnect', async () => {
    const { io, engine } = fakeServer();
    const seen: unknown[] = [];
    io.on('connection', (socket) => {
      seen.push(Object.keys(socket.rooms).length, socket.rooms.has(socket.id), socket.rooms[socket.id] === socket.id);
      socket.join(['a', 7 as never]);
      socket.on('disconnecting', () => seen.push(Object.keys(socket.rooms).slice(1)));
      socket.on('disconnect', () => seen.push(Object.keys(socket.rooms), socket.rooms.size));
    });
    const conn = await join(engine);
    conn.drop();
    assert.deepEqual(seen, [1, true, true, ['a', '7'], [], 0]);
  });

  it('57: client is its Client', async () => {
    const { socket, conn } = await one();
    assert.equal(socket.client.conn, conn);
    assert.equal(socket.client.nsps.get('/'), socket);
  });

  it('58: conn is the engine socket', async () => {
    const { socket, conn } = await one();
    assert.equal(socket.conn, conn);
  });

  it('59: request is the same object for every namespace, the connection and the client', async () => {
    const { io, conn, socket } = await one();
    io.of('/chat');
    conn.receive('0/chat,');
    await settle();
    for (const request of [last(io.of('/chat')).request, socket.client.request, conn.request]) {
      assert.equal(socket.request, request);
    }
  });

  it('60: handshake has its keys in order, its own query on top of the request, and auth', async () => {
    const { io, engine } = fakeServer();
    io.of('/chat');
    const headers = { origin: 'http://a.example', 'x-y': '1' };
    const { conn, socket } = await legacy(io, engine, { headers, query: { a: 'outer', b: 'kept' } });
    conn.receive('0/chat?a=inner,');
    await settle();
    const { handshake } = last(io.of('/chat'));
    const keys = ['headers', 'time', 'address', 'xdomain', 'secure', 'issued', 'url', 'query', 'auth'];
    assert.deepEqual(Object.keys(handshake), keys);
    assert.equal(handshake.headers, conn.request.headers);
    assert.equal(handshake.time, String(new Date(handshake.issued)));
    assert.equal(handshake.address, conn.remoteAddress);
    assert.deepEqual([handshake.xdomain, handshake.secure], [true, false]);
    assert.equal(handshake.url, conn.request.url);
    assert.equal(handshake.query.a, 'inner');
    assert.equal(handshake.query.b, 'kept');
    assert.deepEqual(handshake.auth, { a: 'inner' });
    assert.equal(last(io.of('/chat')).handshake, handshake);
    assert.notEqual(socket.handshake, handshake);
    assert.equal(socket.handshake.query.a, 'outer');
  });

  it('60: handshake reads the query from the URL when a foreign engine has not', async () => {
    const { io, engine } = fakeServer();
    const conn = engine.open({ protocol: 3, foreign: true, query: { a: '1' } });
    Object.assign(conn.request, { _query: undefined });
    await settle();
    assert.equal(last(io.sockets).handshake.query.a, '1');
  });

  it('91: nsp, server, adapter, connected, disconnected, acks and leaveAll are there', async () => {
    const { io, socket, conn } = await one();
    assert.deepEqual([socket.nsp, socket.server, socket.adapter], [io.sockets, io, io.sockets.adapter]);
    assert.deepEqual([socket.connected, socket.disconnected], [true, false]);
    socket.emit('a', () => {});
    assert.deepEqual([socket.acks.size, socket.acks.has(0)], [1, true]);
    socket.join('r');
    assert.equal(socket.leaveAll(), socket);
    assert.equal(socket.rooms.size, 0);
    conn.drop();
    assert.deepEqual([socket.connected, socket.disconnected], [false, true]);
  });

  it('91: error(err) reaches an old client as a packet, and listeners of the socket for a new one', async () => {
    const { io, engine } = fakeServer();
    const old = await legacy(io, engine);
    const young = await modern(io, engine);
    const seen: unknown[] = [];
    for (const { socket } of [old, young]) socket.on('error', (error) => seen.push(error));
    old.socket.error('bad');
    young.socket.error('bad');
    assert.deepEqual([old.conn.taken(), young.conn.taken(), seen], [['4"bad"'], [], ['bad']]);
  });
});

describe('rooms of a socket', () => {
  it('73: join(room, cb) takes effect at once, chains, and calls back with null on the next tick', async () => {
    const { io, socket, conn } = await one();
    const calls: unknown[] = [];
    assert.equal(
      socket.join('a', (error) => calls.push(error)),
      socket,
    );
    socket.join('a', (error) => calls.push(error));
    io.to('a').emit('x');
    assert.deepEqual([conn.taken(), calls], [['2["x"]'], []]);
    await socket.join('b');
    await settle();
    assert.deepEqual(calls, [null, null]);
    socket.leave('a').join('a');
    assert.ok(socket.rooms.has('a'), 'leaving and joining in one tick ends inside');
    conn.drop();
    socket.join('late');
    assert.equal(io.sockets.adapter.rooms.size, 0);
  });

  it('74: join(rooms, cb) joins several with one call back, none included', async () => {
    const { socket } = await one();
    const calls: unknown[] = [];
    socket.join(['a', 'b', 'a'], (error) => calls.push(error));
    socket.join([], (error) => calls.push(error));
    await settle();
    assert.deepEqual(
      [[...socket.rooms].slice(1), calls],
      [
        ['a', 'b'],
        [null, null],
      ],
    );
  });

  it('75: the room of its own id reaches a single socket', async () => {
    const { io, engine, socket, conn } = await one();
    const other = await modern(io, engine);
    io.to(socket.id).emit('1');
    other.socket.to(socket.id).emit('2');
    assert.deepEqual([conn.taken(), other.conn.taken()], [['2["1"]', '2["2"]'], []]);
  });

  it('76: leave(room, cb) takes effect at once, removes empty rooms, and calls back for unknown ones and when late', async () => {
    const { io, socket, conn } = await one();
    const calls: unknown[] = [];
    socket.join('a').leave('a', (error) => calls.push(error));
    assert.equal(io.sockets.adapter.rooms.has('a'), false);
    socket.leave('unknown', (error) => calls.push(error));
    conn.drop();
    assert.equal(
      socket.leave('a', (error) => calls.push(error)),
      socket,
    );
    await settle();
    assert.deepEqual(calls, [null, null, null]);
  });

  it('77: rooms are left between disconnecting and disconnect', async () => {
    const { io, socket, conn } = await one();
    const sizes: number[] = [];
    socket.join('a');
    socket.on('disconnecting', () => sizes.push(io.sockets.adapter.rooms.size));
    socket.on('disconnect', () => sizes.push(io.sockets.adapter.rooms.size));
    conn.drop();
    assert.deepEqual(sizes, [2, 0]);
  });

  it('78: to(room) leaves the socket out and leaks nothing', async () => {
    const { io, engine, socket, conn } = await one();
    const other = await modern(io, engine);
    socket.join('r');
    other.socket.join('r');
    socket.to('r').emit('1');
    socket.to('r');
    socket.emit('2');
    socket.to(socket.id).emit('3');
    assert.deepEqual([conn.taken(), other.conn.taken()], [['2["2"]'], ['2["1"]']]);
  });

  it('79: in(room) is to(room)', async () => {
    const { io, engine, socket } = await one();
    const other = await modern(io, engine);
    other.socket.join('r');
    socket.in('r').emit('1');
    assert.deepEqual(other.conn.taken(), ['2["1"]']);
  });

  it('80: several rooms are a union, each client once, the sender never', async () => {
    const { io, engine, socket, conn } = await one();
    const other = await modern(io, engine);
    for (const each of [socket, other.socket]) each.join(['a', 'b']);
    socket.to('a').to('b').in(['a', 'c']).emit('1');
    assert.deepEqual([conn.taken(), other.conn.taken()], [[], ['2["1"]']]);
  });
});

describe('the end of a socket', () => {
  it('82: disconnect() leaves the namespace within the call, disconnect(true) every namespace and the connection', async () => {
    const { io, conn, socket } = await one();
    io.of('/chat');
    conn.receive('0/chat,');
    await settle();
    conn.taken();
    const chat = last(io.of('/chat'));
    const seen: unknown[] = [];
    for (const each of [socket, chat]) each.on('disconnect', (reason) => seen.push(each.nsp.name, reason));
    assert.equal(chat.disconnect(), chat);
    assert.deepEqual(seen, ['/chat', 'server namespace disconnect']);
    assert.deepEqual([conn.taken(), conn.readyState], [['1/chat,'], 'open']);
    assert.equal(chat.disconnect(true), chat, 'nothing happens the second time');
    assert.equal(conn.readyState, 'open');
    socket.disconnect(true);
    assert.deepEqual([conn.taken(), conn.readyState], [['1'], 'closing']);
    assert.deepEqual(seen.slice(2), ['/', 'server namespace disconnect']);
  });

  it('86: disconnect comes once, when the socket is out of every table', async () => {
    const { io, conn, socket } = await one();
    const seen: unknown[] = [];
    socket.on('disconnect', () => {
      const inTables = io.sockets.sockets.has(socket.id) || socket.client.nsps.has('/');
      seen.push(socket.connected, socket.rooms.size, inTables);
      socket.disconnect(true);
    });
    socket.disconnect();
    conn.drop();
    assert.deepEqual(seen, [false, 0, false]);
  });

  it('87: every way out has its reason, those of the transport a description too', async () => {
    const seen: unknown[] = [];
    const ways: [string, (client: Joined, io: Server) => unknown, ConnOptions?][] = [
      ['client namespace disconnect', ({ conn }) => conn.receive('1')],
      ['server namespace disconnect', ({ socket }) => socket.disconnect()],
      ['transport close', ({ conn }) => conn.drop('transport close')],
      ['transport error', ({ conn }) => conn.drop('transport error', new Error('why'))],
      ['ping timeout', ({ conn }) => conn.drop('ping timeout')],
      ['parse error', ({ conn }) => conn.drop('parse error')],
      ['forced close', ({ socket }) => socket.client.close()],
      [
        'forced server close',
        ({ socket }) => socket.client.close(),
        { transport: { name: 'polling', writable: false } },
      ],
      ['server shutting down', (_client, io) => io.close()],
    ];
    for (const [, leave, options] of ways) {
      const { io, engine } = fakeServer();
      const client = await modern(io, engine, '/', options);
      client.socket.on('disconnect', (reason, description) => seen.push([reason, description?.message]));
      await leave(client, io);
    }
    assert.deepEqual(
      seen,
      ways.map(([reason]) => [reason, reason === 'transport error' ? 'why' : undefined]),
    );
  });

  it('89: disconnecting comes first, still connected, and a second disconnect() in it does not recurse', async () => {
    const { io, engine, socket, conn } = await one();
    const other = await modern(io, engine);
    socket.join('r');
    const seen: unknown[] = [];
    socket.on('disconnecting', (reason) => {
      seen.push(reason, socket.connected, socket.rooms.has('r'));
      socket.disconnect();
      io.emit('last');
    });
    socket.on('disconnect', (reason) => seen.push(reason));
    socket.disconnect();
    assert.deepEqual(seen, ['server namespace disconnect', true, true, 'server namespace disconnect']);
    assert.deepEqual([conn.taken(), other.conn.taken()], [['1', '2["last"]'], ['2["last"]']]);
  });
});
