import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Socket } from '../../core/api/socket.ts';
import { fakeServer, join, joinLegacy, settle } from '../support/fake-engine.ts';

const parse = (frame: unknown): any => JSON.parse(String(frame).replace(/^4?\d?(\/[^,]*,)?/, ''));

describe('connecting', () => {
  it('answers a Socket.IO 4 client with a random id of 20 characters for each namespace', async () => {
    const { io, engine } = fakeServer();
    io.of('/chat');
    const conn = engine.open();
    conn.receive('0', '0/chat,');
    await settle();
    const [main, chat] = conn.taken().map(String);
    assert.match(main, /^0\{"sid":"[\w-]{20}"\}$/);
    assert.match(chat, /^0\/chat,\{"sid":"[\w-]{20}"\}$/);
    const ids = [parse(main).sid, parse(chat).sid];
    assert.notEqual(ids[0], ids[1]);
    assert.ok(!ids.includes(conn.id), 'the session id stays secret');
    assert.ok(io.sockets.sockets.has(ids[0]));
    assert.ok(io.of('chat').sockets.has(ids[1]));
  });

  it('connects a Socket.IO 2 client to / without being asked, under the id of the session', async () => {
    const { io, engine } = fakeServer();
    io.of('/chat');
    const conn = engine.open({ protocol: 3 });
    await settle();
    assert.deepEqual(conn.taken(), ['0']);
    assert.ok(io.sockets.sockets.has(conn.id));
    conn.receive('0/chat');
    await settle();
    assert.deepEqual(conn.taken(), ['0/chat,']);
    assert.ok(io.of('/chat').sockets.has(`/chat#${conn.id}`));
  });

  it('keeps the other namespaces of a Socket.IO 2 client waiting until / has let it in, and keeps their query', async () => {
    const { io, engine } = fakeServer();
    let proceed: (() => void) | undefined;
    io.use((_socket, next) => {
      proceed = next;
    });
    const chat = io.of('/chat');
    const handshakes: unknown[] = [];
    chat.on('connection', (socket) => handshakes.push(socket.handshake.query.room, socket.handshake.auth.room));
    const conn = engine.open({ protocol: 3, query: { room: 'outer' } });
    conn.receive('0/chat?room=inner,');
    await settle();
    assert.deepEqual(conn.taken(), []);
    proceed?.();
    await settle();
    assert.deepEqual(conn.taken(), ['0', '0/chat,']);
    assert.deepEqual(handshakes, ['inner', 'inner']);
  });

  it('never lets a Socket.IO 2 client that / refused into another namespace', async () => {
    const { io, engine } = fakeServer();
    io.use((_socket, next) => next(new Error('no')));
    io.of('/chat');
    const conn = engine.open({ protocol: 3 });
    conn.receive('0/chat,');
    await settle();
    assert.deepEqual(conn.taken(), ['4"no"']);
    assert.equal(io.of('/chat').sockets.size, 0);
    assert.equal(conn.readyState, 'open');
  });

  it('refuses an unknown namespace in the form of each generation and stays open', async () => {
    const { engine } = fakeServer();
    const modern = engine.open();
    modern.receive('0/nope,', '0/a?b=c,');
    const legacy = await joinLegacy(engine);
    legacy.receive('0/nope,');
    await settle();
    assert.deepEqual(modern.taken(), [
      '4/nope,{"message":"Invalid namespace"}',
      '4/a?b=c,{"message":"Invalid namespace"}',
    ]);
    assert.deepEqual(legacy.taken(), ['4/nope,"Invalid namespace"']);
    assert.equal(modern.readyState, 'open');
  });

  it('sends middleware errors in the form of each generation', async () => {
    const { io, engine } = fakeServer();
    const errors = [new Error('plain'), Object.assign(new Error('with data'), { data: { code: 7 } }), 'text' as never];
    let at = 0;
    io.use((_socket, next) => next(errors[Math.floor(at++ / 2)]));
    const sent: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const modern = engine.open();
      modern.receive('0');
      await settle();
      const legacy = engine.open({ protocol: 3 });
      await settle();
      sent.push(...modern.taken(), ...legacy.taken());
    }
    assert.deepEqual(sent, [
      '4{"message":"plain"}',
      '4"plain"',
      '4{"message":"with data","data":{"code":7}}',
      '4{"code":7}',
      '4{}',
      '4',
    ]);
    assert.equal(io.sockets.sockets.size, 0);
  });

  it('runs middleware in order, ignores a second next(), and counts the socket as connected only afterwards', async () => {
    const { io, engine } = fakeServer();
    const seen: unknown[] = [];
    io.use((socket, next) => {
      seen.push(1, socket.connected, io.sockets.sockets.size);
      next();
      next();
      next(new Error('late'));
    });
    io.use((_socket, next) => {
      seen.push(2);
      next();
    });
    io.on('connect', (socket: Socket) => seen.push('connect', socket.connected, io.sockets.sockets.size));
    io.on('connection', (socket: Socket) => seen.push('connection', [...socket.rooms][0] === socket.id));
    const conn = engine.open();
    conn.receive('0');
    await settle();
    assert.deepEqual(seen, [1, false, 0, 2, 'connect', true, 1, 'connection', true]);
    assert.equal(conn.taken().length, 1);
  });

  it('runs all connect listeners before any connection listener', async () => {
    const { io, engine } = fakeServer();
    const seen: string[] = [];
    io.on('connection', () => seen.push('connection'));
    io.of('/', () => seen.push('connect'));
    await join(engine);
    assert.deepEqual(seen, ['connect', 'connection']);
  });

  it('forgets a socket whose connection ended in middleware, with the rooms it had joined', async () => {
    const { io, engine, link } = fakeServer();
    let proceed: (() => void) | undefined;
    io.use((socket, next) => {
      socket.join('early');
      proceed = next;
    });
    io.on('connection', () => assert.fail('must not connect'));
    const conn = engine.open();
    conn.receive('0');
    assert.equal(io.sockets.adapter.rooms.get('early')?.size, 1);
    conn.drop();
    proceed?.();
    await settle();
    assert.equal(io.sockets.adapter.rooms.size, 0);
    assert.equal(io.sockets.adapter.sids.size, 0);
    assert.equal(link.rows.size, 0);
  });

  it('delivers what middleware emits before the reply, and no broadcast until after it', async () => {
    const { io, engine } = fakeServer();
    const other = await join(engine);
    io.use((socket, next) => {
      socket.join('early');
      socket.emit('welcome');
      io.emit('all');
      io.to('early').emit('room');
      next();
    });
    io.sockets.adapter.on('join-room', (room: string) => io.emit('joined', room === 'early'));
    const conn = engine.open();
    conn.receive('0');
    await settle();
    io.to('early').emit('later');
    const frames = conn.taken().map(String);
    assert.deepEqual(frames[0], '2["welcome"]');
    assert.match(frames[1], /^0\{"sid"/);
    assert.deepEqual(frames.slice(2), ['2["joined",false]', '2["later"]']);
    assert.deepEqual(other.taken(), ['2["joined",true]', '2["all"]', '2["joined",false]']);
  });

  it('closes a client that has joined nothing after 45 s, and not one that has', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { io, engine } = fakeServer();
    assert.equal(io.connectTimeout(), 45_000);
    const busy = await join(engine);
    const idle = engine.open();
    const legacy = engine.open({ protocol: 3 });
    t.mock.timers.tick(44_999);
    assert.equal(idle.readyState, 'open');
    t.mock.timers.tick(1);
    assert.equal(idle.readyState, 'closing');
    assert.equal(busy.readyState, 'open');
    assert.equal(legacy.readyState, 'open');
  });

  it('offers the handshake of the contract, one object per namespace, safe against __proto__', async () => {
    const { io, engine } = fakeServer();
    const sockets: Socket[] = [];
    for (const nsp of [io.sockets, io.of('/chat')]) nsp.on('connection', (socket) => sockets.push(socket));
    const conn = engine.open({ query: { token: 'q' }, headers: { origin: 'http://example.org' } });
    conn.receive('0{"token":"a","__proto__":{"admin":true}}', '0/chat,');
    await settle();
    const [main, chat] = sockets;
    assert.deepEqual(Object.keys(main.handshake), [
      'headers',
      'time',
      'address',
      'xdomain',
      'secure',
      'issued',
      'url',
      'query',
      'auth',
    ]);
    assert.equal(main.handshake.auth.token, 'a');
    assert.equal(main.handshake.auth.admin, undefined);
    assert.equal(main.handshake.query.token, 'q');
    assert.equal(main.handshake.xdomain, true);
    assert.equal(main.handshake.secure, false);
    assert.equal(main.handshake.address, '203.0.113.7');
    assert.equal(main.handshake.time, String(new Date(main.handshake.issued)));
    assert.equal(main.handshake.headers, conn.request.headers);
    assert.equal(main.handshake, main.handshake);
    assert.notEqual(main.handshake, chat.handshake);
    assert.deepEqual(chat.handshake.auth, {});
    assert.equal(main.request, conn.request);
    assert.equal(main.client, chat.client);
    assert.equal(main.conn, conn);
  });

  it('shows the sockets of a namespace as a Map and as a hash', async () => {
    const { io, engine } = fakeServer();
    await join(engine);
    const [[id, socket]] = io.sockets.sockets;
    assert.deepEqual(Object.keys(io.sockets.connected), [id]);
    assert.equal(io.sockets.connected[id], socket);
    assert.equal(Object.hasOwn(io.sockets.connected, 'constructor'), false);
    assert.equal('nobody' in io.sockets.connected, false);
  });
});
