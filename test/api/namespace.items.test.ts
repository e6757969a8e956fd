/**
 * The namespace's elements of the documented API, each test under its number.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FLAG_COMPRESS, FLAG_VOLATILE } from '../../core/agents/link.ts';
import { type FakeConn, fakeServer, join, joinLegacy, settle, uncaught } from '../support/fake-engine.ts';
import { many } from './joined.ts';

const ask = (target: { clients(callback: (error: Error | null, ids: string[]) => void): unknown }): Promise<string[]> =>
  new Promise((resolve, reject) => target.clients((error, ids) => (error ? reject(error) : resolve(ids))));

describe('a namespace', () => {
  it('37: its name begins with a slash', () => {
    const { io } = fakeServer();
    assert.equal(io.of('chat').name, '/chat');
  });

  it('38: connected is a hash of the sockets: filled before connect listeners, empty before disconnect', async () => {
    const { io, engine } = fakeServer();
    const seen: unknown[] = [];
    io.on('connect', (socket) => {
      seen.push(io.sockets.connected[socket.id] === socket, io.sockets.sockets.get(socket.id) === socket);
      socket.on('disconnecting', () => seen.push(socket.id in io.sockets.connected));
      socket.on('disconnect', () => seen.push(Object.keys(io.sockets.connected).length));
    });
    const conn = await join(engine);
    conn.drop();
    assert.deepEqual(seen, [true, true, true, 0]);
  });

  it('39: adapter shows rooms and sids as Maps and as the hashes of Socket.IO 2, and speaks both dialects', async () => {
    const { io, engine } = fakeServer();
    const [{ socket }] = await many(io, engine, 1);
    socket.join(['a', '__proto__']);
    const { adapter } = io.of('/');
    assert.equal(adapter.nsp, io.sockets);
    assert.equal(adapter.rooms.get('a')?.size, 1);
    assert.equal(adapter.rooms.a.length, 1);
    assert.deepEqual(adapter.rooms.a.sockets, { [socket.id]: true });
    assert.deepEqual(Object.keys(adapter.rooms), [socket.id, 'a', '__proto__']);
    assert.ok(adapter.rooms instanceof Map && 'a' in adapter.rooms);
    assert.deepEqual(Object.keys(adapter.sids[socket.id]), [socket.id, 'a', '__proto__']);
    assert.deepEqual([...adapter.rooms.keys()], Object.keys(adapter.rooms));
    assert.throws(() => (adapter.rooms as unknown as Map<string, unknown>).clear(), TypeError);
    const answers: unknown[] = [];
    adapter.clients(['a', 'b'], (error, ids) => answers.push(error, ids));
    adapter.clients((_error, ids) => answers.push(ids));
    adapter.clientRooms(socket.id, (error, rooms) => answers.push(error, rooms));
    adapter.clientRooms('nobody', (_error, rooms) => answers.push(rooms));
    adapter.add(socket.id, 'late', (error) => answers.push(error));
    adapter.del(socket.id, 'late', (error) => answers.push(error));
    assert.deepEqual(answers, []);
    await settle();
    const rooms = [socket.id, 'a', '__proto__'];
    assert.deepEqual(answers, [null, [socket.id], [socket.id], null, rooms, null, null, null]);
  });

  it('40: to(room) reaches the union of rooms once each, and leaks nothing into a later emit', async () => {
    const { io, engine } = fakeServer();
    const [a, b, c] = await many(io, engine, 3);
    a.socket.join(['x', 'y']);
    b.socket.join('y');
    c.socket.join('7');
    io.to('x');
    io.to('x').to('y').emit('1');
    io.to(['x', 'nobody']).emit('2');
    io.to(7 as never).emit('3');
    io.to('nobody').emit('4');
    io.emit('5');
    assert.deepEqual(a.conn.taken(), ['2["1"]', '2["2"]', '2["5"]']);
    assert.deepEqual(b.conn.taken(), ['2["1"]', '2["5"]']);
    assert.deepEqual(c.conn.taken(), ['2["3"]', '2["5"]']);
  });

  it('41: in(room) is to(room)', async () => {
    const { io, engine } = fakeServer();
    const [a, b] = await many(io, engine, 2);
    a.socket.join('x');
    io.of('/').in('x').emit('1');
    assert.deepEqual([a.conn.taken(), b.conn.taken()], [['2["1"]'], []]);
  });

  it('42: emit reaches the connected sockets in call order, encodes once, and chains', async () => {
    const { io, engine, link } = fakeServer();
    const [a, b] = await many(io, engine, 2);
    link.calls.broadcast = 0;
    const nsp = io.sockets;
    const payload = { n: 1 };
    assert.equal(nsp.emit('1', payload), nsp);
    payload.n = 2;
    a.socket.emit('2');
    assert.equal(nsp.to(b.socket.id).emit('3'), nsp, 'what to() was called on, as a chain of Socket.IO 2 expects');
    nsp.emit('4', payload);
    assert.deepEqual(a.conn.taken(), ['2["1",{"n":1}]', '2["2"]', '2["4",{"n":2}]']);
    assert.deepEqual(b.conn.taken(), ['2["1",{"n":1}]', '2["3"]', '2["4",{"n":2}]']);
    assert.equal(link.calls.broadcast, 3);
  });

  it('42: emit refuses callbacks and reserved names, and leaves nothing pending', async () => {
    const { io, engine } = fakeServer();
    const [{ conn }] = await many(io, engine, 1);
    assert.throws(() => io.to('x').emit('a', () => {}), { message: 'Callbacks are not supported when broadcasting' });
    assert.throws(() => io.emit('connect'), { code: 'ERR_RESERVED_EVENT' });
    io.emit('b');
    assert.deepEqual(conn.taken(), ['2["b"]']);
  });

  it('43: send and write emit message and give the namespace back', async () => {
    const { io, engine } = fakeServer();
    const [{ conn }] = await many(io, engine, 1);
    assert.equal(io.of('/').send('a', 1), io.sockets);
    assert.equal(io.of('/').write(), io.sockets);
    assert.deepEqual(conn.taken(), ['2["message","a",1]', '2["message"]']);
  });

  it('44: clients(cb) gives the ids of connected sockets in order of arrival, never within the call', async () => {
    const { io, engine } = fakeServer();
    const sockets = await many(io, engine, 3);
    let called = false;
    const nsp = io.of('/').clients((error, ids) => {
      called = true;
      assert.equal(error, null);
      assert.deepEqual(
        ids,
        sockets.map(({ socket }) => socket.id),
      );
    });
    assert.equal(nsp, io.sockets);
    sockets[2].socket.join('later');
    assert.equal(called, false);
    await settle();
    assert.equal(called, true);
    const errors = await uncaught(() => {
      io.clients(() => {
        throw new Error('mine');
      });
    });
    assert.deepEqual(
      errors.map((error) => (error as Error).message),
      ['mine'],
    );
  });

  it('45: in(room).clients(cb) filters by the union of rooms and leaves nothing pending', async () => {
    const { io, engine } = fakeServer();
    const [a, b, c] = await many(io, engine, 3);
    a.socket.join(['x', 'y']);
    b.socket.join('y');
    assert.deepEqual(await ask(io.of('/').in('x').in('y')), [a.socket.id, b.socket.id]);
    assert.deepEqual(await ask(io.in('nobody')), []);
    assert.deepEqual(await ask(io.except('x')), [b.socket.id, c.socket.id]);
    assert.equal((await ask(io)).length, 3);
  });

  it('46: io.clients(cb) is that of the main namespace; ids of other namespaces carry their name for old clients', async () => {
    const { io, engine } = fakeServer();
    io.of('/chat');
    const conn = await joinLegacy(engine);
    conn.receive('0/chat,');
    await settle();
    assert.deepEqual(await ask(io), [conn.id]);
    assert.deepEqual(await ask(io.of('/chat')), [`/chat#${conn.id}`]);
  });

  it('47: use(fn) runs in order for each socket of that namespace, the list taken when the connection starts', async () => {
    const { io, engine } = fakeServer();
    const seen: string[] = [];
    const chat = io.of('/chat');
    const first = io.use((socket, next) => {
      seen.push(`/ ${socket.connected} ${socket.disconnected} ${socket.rooms.size}`);
      io.use((_socket, goOn) => {
        seen.push('added too late');
        goOn();
      });
      next();
    });
    assert.equal(first, io.sockets);
    assert.equal(
      chat.use((_socket, next) => {
        seen.push('/chat');
        next();
        next();
      }),
      chat,
    );
    io.use((_socket, next) => {
      seen.push('second');
      next();
    });
    io.on('connection', () => seen.push('in'));
    chat.on('connection', () => seen.push('in chat'));
    const conn = engine.open({ protocol: 3 });
    conn.receive('0/chat,');
    assert.deepEqual(seen, ['/ false true 0', 'second'], 'the decision comes with a later tick');
    await settle();
    await settle();
    assert.deepEqual(seen, ['/ false true 0', 'second', '/chat', 'in', 'in chat']);
  });

  it('48: next(error) refuses: data or message for old clients, both for new ones; rooms are left, nothing closes', async () => {
    const { io, engine } = fakeServer();
    io.use((socket, next) => {
      socket.join('early');
      next(Object.assign(new Error('no'), { data: { why: 1 } }));
    });
    const old = engine.open({ protocol: 3 });
    const modern = engine.open();
    modern.receive('0');
    await settle();
    assert.deepEqual(old.taken(), ['4{"why":1}']);
    assert.deepEqual(modern.taken(), ['4{"message":"no","data":{"why":1}}']);
    assert.equal(io.sockets.adapter.rooms.size, 0);
    assert.deepEqual([old.readyState, modern.readyState], ['open', 'open']);
  });

  it('49: connect comes after the reply was queued and the socket is in every table', async () => {
    const { io, engine } = fakeServer();
    let state: unknown[] = [];
    let conn!: FakeConn;
    io.on('connect', (socket) => {
      state = [
        conn.taken().length,
        socket.client.nsps.get('/') === socket,
        socket.client.sockets.get(socket.id) === socket,
      ];
    });
    conn = engine.open({ protocol: 3 });
    await settle();
    assert.deepEqual(state, [1, true, true]);
  });

  it('50: all connect listeners run before any connection listener; what they throw is uncaught and stops no other', async () => {
    const { io, engine } = fakeServer();
    const seen: string[] = [];
    io.on('connection', () => seen.push('connection'));
    io.on('connect', () => {
      seen.push('connect');
      throw new Error('mine');
    });
    const errors = await uncaught(async () => void (await join(engine)));
    assert.deepEqual(seen, ['connect', 'connection']);
    assert.equal((errors[0] as Error).message, 'mine');
  });

  it('51: volatile marks the whole packet, attachments too, for one emit, which may be dropped', async () => {
    const { io, engine, link } = fakeServer();
    const [{ conn }] = await many(io, engine, 1);
    link.flags.length = 0;
    io.volatile.emit('a', Buffer.from([1]));
    io.of('/').volatile.emit('b');
    io.emit('c');
    assert.deepEqual(link.flags, [FLAG_COMPRESS | FLAG_VOLATILE, FLAG_COMPRESS | FLAG_VOLATILE, FLAG_COMPRESS]);
    conn.taken();
    link.writable = false;
    io.volatile.emit('dropped', Buffer.from([1]));
    io.emit('kept');
    assert.deepEqual(conn.taken(), ['2["kept"]']);
  });

  it('52: local tells the adapter to stay on this server', async () => {
    const { io, engine } = fakeServer();
    const [{ conn }] = await many(io, engine, 1);
    const options: unknown[] = [];
    const { adapter } = io.sockets;
    const broadcast = adapter.broadcast.bind(adapter);
    adapter.broadcast = (packet, opts) => {
      options.push(opts.flags);
      broadcast(packet, opts);
    };
    io.local.emit('a');
    io.emit('b');
    assert.deepEqual(options, [{ local: true }, {}]);
    assert.deepEqual(conn.taken(), ['2["a"]', '2["b"]']);
  });

  it('53: json and binary change nothing, compress(false) one emit, and server is there', async () => {
    const { io, engine, link } = fakeServer();
    const [{ conn }] = await many(io, engine, 1);
    const nsp = io.of('/');
    link.flags.length = 0;
    nsp.json.emit('a');
    nsp.binary(true).emit('b');
    nsp.compress(false).emit('c');
    nsp.emit('d');
    assert.deepEqual(link.flags, [FLAG_COMPRESS, FLAG_COMPRESS, 0, FLAG_COMPRESS]);
    assert.equal(conn.taken().length, 4);
    assert.equal(nsp.server, io);
  });
});

describe('operations on many sockets', () => {
  it('fetchSockets and allSockets answer from the moment of the call', async () => {
    const { io, engine } = fakeServer();
    const [a, b] = await many(io, engine, 2);
    a.socket.join('x');
    const fetched = io.in('x').fetchSockets();
    const ids = io.allSockets();
    a.socket.leave('x');
    b.socket.disconnect();
    assert.deepEqual(await fetched, [a.socket]);
    assert.deepEqual([...(await ids)], [a.socket.id, b.socket.id]);
    assert.deepEqual(await a.socket.broadcast.fetchSockets(), []);
  });

  it('socketsJoin, socketsLeave and disconnectSockets reach those an event would reach', async () => {
    const { io, engine } = fakeServer();
    const [a, b, c] = await many(io, engine, 3);
    io.socketsJoin(['x', 'y']);
    b.socket.broadcast.socketsLeave('y');
    assert.deepEqual(
      [a, b, c].map(({ socket }) => [...socket.rooms].slice(1)),
      [['x'], ['x', 'y'], ['x']],
    );
    io.in('y').disconnectSockets();
    assert.deepEqual([...io.sockets.sockets.values()], [a.socket, c.socket]);
    io.except(a.socket.id).disconnectSockets(true);
    assert.equal(c.conn.readyState, 'closing');
    assert.equal(a.socket.connected, true);
  });

  it('serverSideEmit warns that it reaches nobody, answers with no responses, and refuses local events', async () => {
    const { io } = fakeServer();
    const seen: string[] = [];
    const listener = (warning: Error): void => void seen.push(warning.message);
    process.on('warning', listener);
    assert.equal(io.serverSideEmit('hello', 1), true);
    assert.deepEqual(await io.of('/').serverSideEmitWithAck('hello'), []);
    await settle();
    process.removeListener('warning', listener);
    assert.match(seen.join(), /serverSideEmit\(\) reaches nobody/);
    for (const name of ['connect', 'connection', 'new_namespace']) {
      assert.throws(() => io.serverSideEmit(name), { code: 'ERR_RESERVED_EVENT' });
    }
  });
});
