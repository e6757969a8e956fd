/**
 * The socket's elements of the documented API, each test under its number.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { FLAG_COMPRESS, FLAG_VOLATILE } from '../../core/agents/link.ts';
import type { Namespace } from '../../core/api/namespace.ts';
import type { Server } from '../../core/api/server.ts';
import { Socket } from '../../core/api/socket.ts';
import {
  type ConnOptions,
  type FakeConn,
  type FakeEngine,
  fakeServer,
  join,
  joinLegacy,
  settle,
} from '../support/fake-engine.ts';

interface Client {
  readonly conn: FakeConn;
  readonly socket: Socket;
}

const last = (nsp: Namespace): Socket => [...nsp.sockets.values()].at(-1)!;

async function modern(io: Server, engine: FakeEngine, nsp = '/', options?: ConnOptions): Promise<Client> {
  const conn = await join(engine, nsp, options);
  return { conn, socket: last(io.of(nsp)) };
}

async function legacy(io: Server, engine: FakeEngine, options?: ConnOptions): Promise<Client> {
  const conn = await joinLegacy(engine, options);
  return { conn, socket: last(io.sockets) };
}

/** A server with one client of Socket.IO 4. */
async function one() {
  const server = fakeServer();
  return { ...server, ...(await modern(server.io, server.engine)) };
}

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

describe('what a client sends', () => {
  it('61: use(fn) sees the event as an array it may change; an error goes to an old client, and to listeners for a new one', async () => {
    const { io, engine } = fakeServer();
    const seen: unknown[] = [];
    const old = await legacy(io, engine);
    const young = await modern(io, engine);
    for (const { socket, conn } of [old, young]) {
      const chained = socket.use((event, next) => {
        assert.ok(Array.isArray(event));
        if (event[0] === 'no') return next(Object.assign(new Error('refused'), { data: 'why' }));
        event.push('added');
        next();
      });
      assert.equal(chained, socket);
      socket.on('yes', (...args) => seen.push(args));
      socket.on('error', (error) => seen.push(error.message));
      conn.receive('2["yes",1]', '2["no"]', '30["answers are not seen"]');
    }
    assert.deepEqual(seen, [[1, 'added'], [1, 'added'], 'refused']);
    assert.deepEqual(old.conn.taken(), ['4"why"']);
    assert.deepEqual(young.conn.taken(), []);
  });

  it('66: on(event, cb) gets the arguments, and an answer function only when the client asked for one', async () => {
    const { socket, conn } = await one();
    const seen: unknown[][] = [];
    assert.equal(
      socket.on('a', (...args) => seen.push(args.map((arg) => typeof arg))),
      socket,
    );
    conn.receive('2["a",1]', '20["a",1]');
    assert.deepEqual(seen, [['number'], ['number', 'function']]);
  });

  it('67: once(event, listener) hears one event', async () => {
    const { socket, conn } = await one();
    let heard = 0;
    assert.equal(
      socket.once('a', () => heard++),
      socket,
    );
    conn.receive('2["a"]', '2["a"]');
    assert.equal(heard, 1);
  });

  it('68: removeListener(event, listener) chains', async () => {
    const { socket, conn } = await one();
    const listener = (): void => assert.fail('removed');
    assert.equal(socket.on('a', listener).removeListener('a', listener), socket);
    conn.receive('2["a"]');
    assert.equal(socket.listenerCount('a'), 0);
  });

  it('69: removeAllListeners() chains, and a later protocol error harms nobody', async () => {
    const { socket, conn } = await one();
    socket.on('a', () => assert.fail('removed'));
    socket.on('error', () => assert.fail('removed'));
    assert.equal(socket.removeAllListeners(), socket);
    conn.receive('2["a"]', '2{');
    assert.equal(conn.readyState, 'closing');
  });

  it('70: eventNames() lists what is listened to; newListener stays a local event', async () => {
    const { socket, conn } = await one();
    const seen: unknown[] = [];
    socket.on('newListener', ((name: string) => seen.push(name)) as never);
    socket.on('a', () => {});
    assert.deepEqual(socket.eventNames(), ['newListener', 'a']);
    assert.deepEqual(seen, ['a']);
    assert.deepEqual(conn.taken(), []);
  });

  it('71: events, answers and a disconnect reach the application in the order of the wire', async () => {
    const { socket, conn } = await one();
    const seen: unknown[] = [];
    socket.on('a', (n) => seen.push(n));
    socket.on('disconnect', (reason) => seen.push(reason));
    socket.emit('x', () => seen.push('answer'));
    conn.receive('2["a",1]', '30[]', '2["a",2]', '1', '2["a",3]');
    assert.deepEqual(seen, [1, 'answer', 2, 'client namespace disconnect']);
  });

  it('72: the answer function sends once, binary too, and nothing after a disconnect', async () => {
    const { socket, conn } = await one();
    const answers: Function[] = [];
    socket.on('a', (answer) => answers.push(answer));
    conn.receive('25["a"]', '26["a"]', '27["a"]');
    answers[0](1, 2);
    answers[0]('again');
    answers[1](Buffer.from([9]));
    assert.deepEqual(conn.taken(), ['35[1,2]', '61-6[{"_placeholder":true,"num":0}]', Buffer.from([9])]);
    socket.disconnect();
    conn.taken();
    answers[2]();
    assert.deepEqual(conn.taken(), []);
  });

  it('88: error is emitted for a bad frame, for an error packet of an old client, and for an event of that name', async () => {
    const { io, engine } = fakeServer();
    const { conn, socket } = await legacy(io, engine);
    const seen: unknown[] = [];
    socket.on('error', (error) => seen.push(error instanceof Error ? error.message : error));
    socket.on('disconnect', (reason) => seen.push(reason));
    conn.receive('4"oops"', '2["error","mine"]', '2{"a":1}');
    assert.deepEqual(seen, ['oops', 'mine', 'invalid payload', 'forced close']);
  });

  it('90: reserved names are refused in both directions, except error', async () => {
    const reserved = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'];
    for (const name of reserved) {
      const { socket, conn } = await one();
      assert.throws(() => socket.emit(name), { message: `"${name}" is a reserved event name` });
      assert.throws(() => socket.broadcast.emit(name), { code: 'ERR_RESERVED_EVENT' });
      conn.receive(`2["${name}"]`);
      assert.equal(conn.readyState, 'closing', name);
    }
    const { socket, conn } = await one();
    socket.emit('error', 1);
    socket.emit('message', 2);
    assert.deepEqual(conn.taken(), ['2["error",1]', '2["message",2]']);
  });

  it('onAny hears every event before middleware, in order, and can be taken back', async () => {
    const { socket, conn } = await one();
    const seen: unknown[] = [];
    const second = (...args: unknown[]): void => void seen.push(['second', ...args]);
    socket.onAny(second);
    socket.prependAny((name) => seen.push(['first', name]));
    socket.use((event, next) => {
      seen.push('middleware');
      event[1] = 'changed';
      next();
    });
    socket.on('a', (value) => seen.push(value));
    conn.receive('2["a",1]', '30[]');
    assert.deepEqual(seen, [['first', 'a'], ['second', 'a', 1], 'middleware', 'changed']);
    assert.equal(socket.listenersAny().length, 2);
    assert.equal(socket.offAny(second).listenersAny().length, 1);
    assert.deepEqual(socket.offAny().listenersAny(), []);
  });
});

describe('what a socket sends', () => {
  it('62: send(...args, ack) emits message; write is the same', async () => {
    const { socket, conn } = await one();
    const answers: unknown[] = [];
    assert.equal(
      socket.send('a', (value: unknown) => answers.push(value)),
      socket,
    );
    assert.equal(socket.write('b'), socket);
    assert.deepEqual(conn.taken(), ['20["message","a"]', '2["message","b"]']);
    conn.receive('30["woot"]');
    assert.deepEqual(answers, ['woot']);
  });

  it('63: emit serialises at the call, takes any name JSON can carry, and chains; after a disconnect it is ignored', async () => {
    const { socket, conn } = await one();
    const data = { n: 1 };
    assert.equal(socket.emit('a', data), socket);
    data.n = 2;
    socket.emit(5 as never).emit('');
    assert.deepEqual(conn.taken(), ['2["a",{"n":1}]', '2[5]', '2[""]']);
    socket.disconnect();
    conn.taken();
    socket.emit('gone');
    assert.deepEqual(conn.taken(), []);
  });

  it('64: acks are numbered per namespace and called at most once; unknown ids are ignored', async () => {
    const { io, engine, socket, conn } = await one();
    const other = await modern(io, engine);
    const seen: unknown[] = [];
    socket.emit('a', (...args: unknown[]) => seen.push(args));
    other.socket.emit('b', () => {});
    assert.deepEqual([conn.taken(), other.conn.taken()], [['20["a"]'], ['21["b"]']]);
    conn.receive('30[1,2]', '30["again"]', '399["unknown"]');
    assert.deepEqual(seen, [[1, 2]]);
    assert.throws(() => socket.to('r').emit('c', () => {}), /Callbacks are not supported when broadcasting/);
  });

  it('65: data follows JSON, and binary at any depth is attached', async () => {
    const { socket, conn } = await one();
    socket.emit('a', undefined, Number.NaN, new Date(0), new Map(), { u: undefined, t: { toJSON: () => 'j' } });
    socket.emit('b', [{ deep: new Uint16Array([1]) }], new ArrayBuffer(1));
    const placeholders = '[{"deep":{"_placeholder":true,"num":0}}],{"_placeholder":true,"num":1}';
    assert.deepEqual(conn.taken(), [
      '2["a",null,null,"1970-01-01T00:00:00.000Z",{},{"t":"j"}]',
      `52-["b",${placeholders}]`,
      new Uint8Array([1, 0]),
      new Uint8Array(1),
    ]);
    assert.throws(() => socket.emit('c', 1n), TypeError);
    const circular: unknown[] = [];
    circular.push(circular);
    assert.throws(() => socket.emit('c', circular), RangeError);
    assert.deepEqual(conn.taken(), []);
  });

  it('81: compress(false) holds for one emit', async () => {
    const { socket, link } = await one();
    link.flags.length = 0;
    socket.compress(false).emit('a').compress(true).emit('b').emit('c');
    socket.compress(false).broadcast.emit('nobody');
    socket.emit('d');
    assert.deepEqual(link.flags, [0, FLAG_COMPRESS, FLAG_COMPRESS, 0, FLAG_COMPRESS]);
  });

  it('83: broadcast reaches everyone else, with to() those in the room', async () => {
    const { io, engine } = fakeServer();
    const [a, b, c] = [await modern(io, engine), await modern(io, engine), await modern(io, engine)];
    c.socket.join('r');
    a.socket.broadcast.emit('1');
    a.socket.broadcast.to('r').emit('2');
    assert.equal(a.socket.to('r').broadcast.emit('3'), a.socket, 'the socket, as a chain of Socket.IO 2 expects');
    assert.deepEqual(
      [a, b, c].map(({ conn }) => conn.taken().length),
      [0, 1, 3],
    );
  });

  it('84: volatile holds for one emit, and is dropped while commands cannot be taken', async () => {
    const { socket, link, conn } = await one();
    link.flags.length = 0;
    socket.volatile.emit('a').emit('b');
    assert.deepEqual(link.flags, [FLAG_COMPRESS | FLAG_VOLATILE, FLAG_COMPRESS]);
    conn.taken();
    link.writable = false;
    socket.volatile.emit('dropped').emit('kept');
    assert.deepEqual(conn.taken(), ['2["kept"]']);
  });

  it('85: json and binary change nothing; local is broadcast on this server', async () => {
    const { io, engine, socket, conn } = await one();
    const other = await modern(io, engine);
    socket.json.emit('a').binary(true).emit('b');
    socket.local.emit('c');
    assert.deepEqual([conn.taken(), other.conn.taken()], [['2["a"]', '2["b"]'], ['2["c"]']]);
  });

  it('onAnyOutgoing hears direct emits and each broadcast that reaches the socket, answers not', async () => {
    const { io, engine, link, socket, conn } = await one();
    const other = await modern(io, engine);
    const seen: unknown[][] = [];
    const listener = (...args: unknown[]): void => void seen.push(args);
    other.socket.onAnyOutgoing(() => assert.fail('taken back')).offAnyOutgoing();
    socket.onAnyOutgoing(listener);
    socket.prependAnyOutgoing((name) => seen.push(['before', name]));
    socket.emit('1', 'x', () => {});
    io.emit('2');
    io.to('nowhere').emit('3');
    io.except(socket.id).emit('4');
    other.socket.to(socket.id).emit('5');
    io.timeout(10).emitWithAck('6').catch(() => {});
    socket.on('q', (answer) => answer());
    conn.receive('29["q"]');
    const names = seen.filter(([first]) => first !== 'before').map(([name]) => name);
    assert.deepEqual(names, ['1', '2', '5', '6']);
    assert.deepEqual(seen.slice(0, 2), [
      ['before', '1'],
      ['1', 'x'],
    ]);
    assert.equal(socket.listenersAnyOutgoing().length, 2);
    assert.equal(io.sockets.observers.size, 1);
    link.calls.broadcast = 0;
    io.emit('7');
    assert.equal(link.calls.broadcast, 1, 'one record, watched or not');
    socket.offAnyOutgoing();
    conn.drop();
    assert.equal(io.sockets.observers.size, 0);
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
    assert.deepEqual([[...socket.rooms].slice(1), calls], [
      ['a', 'b'],
      [null, null],
    ]);
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
    const ways: [string, (client: Client, io: Server) => unknown, ConnOptions?][] = [
      ['client namespace disconnect', ({ conn }) => conn.receive('1')],
      ['server namespace disconnect', ({ socket }) => socket.disconnect()],
      ['transport close', ({ conn }) => conn.drop('transport close')],
      ['transport error', ({ conn }) => conn.drop('transport error', new Error('why'))],
      ['ping timeout', ({ conn }) => conn.drop('ping timeout')],
      ['parse error', ({ conn }) => conn.drop('parse error')],
      ['forced close', ({ socket }) => socket.client.close()],
      ['forced server close', ({ socket }) => socket.client.close(), { transport: { name: 'polling', writable: false } }],
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
