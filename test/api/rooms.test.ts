import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import type { Socket } from '../../core/api/socket.ts';
import { type FakeConn, type FakeEngine, fakeServer, join, joinLegacy, uncaught } from '../support/fake-engine.ts';

async function many(engine: FakeEngine, sockets: () => Iterable<Socket>, count: number) {
  const conns: FakeConn[] = [];
  for (let i = 0; i < count; i++) conns.push(await (i % 2 === 0 ? join(engine) : joinLegacy(engine)));
  return conns.map((conn, i) => ({ conn, socket: [...sockets()][i] }));
}

/** A small seeded generator (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

describe('socket.join() of several rooms', () => {
  it('ends where a listener of the first disconnects the socket: nothing of it stays', async () => {
    const { io, engine } = fakeServer();
    const [{ socket }] = await many(engine, () => io.sockets.sockets.values(), 1);
    const { adapter } = io.of('/');
    adapter.on('join-room', (room: string) => {
      if (room === 'a') socket.disconnect();
    });
    socket.join(['a', 'b', 'c']);
    assert.deepEqual([...adapter.rooms.keys()], []);
    assert.deepEqual([...adapter.sids.keys()], []);
  });
});

describe('socket.rooms', () => {
  it('is a live Set, and a hash, with the room of its own id from the start', async () => {
    const { io, engine } = fakeServer();
    const [{ socket }] = await many(engine, () => io.sockets.sockets.values(), 1);
    const { rooms } = socket;
    assert.equal(rooms instanceof Set, true);
    assert.deepEqual([...rooms], [socket.id]);
    socket.join(['a', 'size', 'has', '__proto__']).join(7 as never);
    assert.equal(rooms.size, 6);
    assert.deepEqual(Object.keys(rooms), [socket.id, 'a', 'size', 'has', '__proto__', '7']);
    assert.equal(rooms.a, 'a');
    assert.equal(rooms.b, undefined);
    assert.ok(rooms.has('__proto__') && rooms.has(7 as never) && 'a' in rooms && !('b' in rooms));
    assert.equal(inspect(rooms), inspect(new Set(rooms)));
    const listed: string[] = [];
    rooms.forEach((room) => {
      listed.push(room);
    });
    assert.deepEqual(listed, [...rooms.values()]);
    assert.throws(() => (rooms as Set<string>).add('x'), TypeError);
    assert.throws(() => delete (rooms as any).a, TypeError);
    socket.leaveAll();
    assert.deepEqual([...rooms], []);
    socket.join('again');
    assert.deepEqual(Object.keys(rooms), ['again']);
    assert.equal(socket.rooms, rooms);
  });

  it('changes at once; join and leave chain, can be awaited, and call back with null on the next tick', async () => {
    const { io, engine } = fakeServer();
    const [{ socket }] = await many(engine, () => io.sockets.sockets.values(), 1);
    const called: unknown[] = [];
    const returned = socket
      .join('a', (error) => called.push('join', error))
      .leave('a', (error) => called.push('leave', error));
    assert.equal(returned, socket);
    assert.deepEqual(called, []);
    await new Promise(process.nextTick);
    assert.deepEqual(called, ['join', null, 'leave', null]);
    assert.equal(await socket.join('a'), socket);
    socket.leave('a').join('a');
    assert.ok(socket.rooms.has('a'), 'leave then join in one tick ends in the room');
    socket.disconnect();
    socket.join('b');
    assert.equal(socket.rooms.size, 0);
    assert.equal(io.sockets.adapter.rooms.size, 0);
  });
});

describe('the adapter', () => {
  it('emits room events on real changes only, in order, and survives a listener that throws', async () => {
    const { io, engine } = fakeServer();
    const [{ socket }] = await many(engine, () => io.sockets.sockets.values(), 1);
    const { adapter } = io.sockets;
    const seen: unknown[] = [];
    for (const name of ['create-room', 'join-room', 'leave-room', 'delete-room']) {
      adapter.on(name, (...args) => seen.push([name, ...args]));
    }
    socket.join(['a', 'a']).join('a').leave('a').leave('a');
    assert.deepEqual(seen, [
      ['create-room', 'a'],
      ['join-room', 'a', socket.id],
      ['leave-room', 'a', socket.id],
      ['delete-room', 'a'],
    ]);
    const errors = await uncaught(() => {
      adapter.once('join-room', () => {
        throw new Error('in join-room');
      });
      socket.join(['b', 'c']);
    });
    assert.equal(errors.length, 1);
    assert.deepEqual([...(adapter.socketRooms(socket.id) ?? [])], [socket.id, 'b', 'c']);
    assert.deepEqual(await adapter.sockets(new Set(['b'])), new Set([socket.id]));
    assert.equal(await adapter.serverCount(), 1);
  });

  it('asks for no row for rooms that hold only the socket of that id', async () => {
    const { io, engine, link } = fakeServer();
    const [a, b] = await many(engine, () => io.sockets.sockets.values(), 2);
    assert.equal(link.rows.size, 1, 'the row of everyone');
    io.to(a.socket.id).emit('one');
    assert.deepEqual([a.conn.taken(), b.conn.taken()], [['2["one"]'], []]);
    b.socket.join(a.socket.id);
    assert.equal(link.rows.size, 2);
    io.to(a.socket.id).emit('two');
    b.socket.to(a.socket.id).emit('three');
    io.except(a.socket.id).emit('no');
    assert.deepEqual([a.conn.taken(), b.conn.taken()], [['2["two"]', '2["three"]'], ['2["two"]']]);
    b.socket.leave(a.socket.id);
    a.conn.drop();
    assert.equal(link.rows.size, 1, 'freed when the room emptied');
    b.conn.drop();
    assert.equal(link.rows.size, 0);
  });

  it('makes no call when a broadcast reaches nobody, and one call however many it reaches', async () => {
    const { io, engine, link } = fakeServer();
    io.emit('nobody');
    const sockets = await many(engine, () => io.sockets.sockets.values(), 6);
    for (const { socket } of sockets) socket.join(['a', 'b']);
    link.calls.broadcast = 0;
    link.calls.send = 0;
    io.to('unknown').emit('no');
    sockets[0].socket.to(sockets[0].socket.id).emit('no');
    assert.equal(link.calls.broadcast, 0);
    io.emit('x');
    io.to(['a', 'b']).emit('x');
    assert.equal(link.calls.broadcast, 2);
    assert.equal(link.calls.send, 0);
  });

  it('joins and leaves all rows of a socket in one command each, and none once the session is gone', async () => {
    const { io, engine, link } = fakeServer();
    const keeper = await many(engine, () => io.sockets.sockets.values(), 1);
    keeper[0].socket.join(['a', 'b']);
    io.use((socket, next) => {
      socket.join(['a', 'b']);
      next();
    });
    link.calls.join = 0;
    const conn = await join(engine);
    assert.equal(link.calls.join, 1);
    link.calls.leave = 0;
    [...io.sockets.sockets.values()][1].disconnect();
    assert.equal(link.calls.leave, 1);
    const other = await join(engine);
    other.drop();
    assert.equal(link.calls.leave, 1);
    conn.drop();
  });

  it('can be replaced; connected sockets stay reachable, in no room but that of their id', async () => {
    const { io, engine, link } = fakeServer();
    const [{ conn, socket }] = await many(engine, () => io.sockets.sockets.values(), 1);
    socket.join('a');
    const Original = io.adapter();
    let made = 0;
    class Counting extends Original {
      override init(): void {
        made++;
      }
    }
    assert.equal(io.adapter(Counting), io);
    assert.equal(made, 1);
    assert.ok(socket.adapter instanceof Counting);
    assert.deepEqual([...socket.rooms], [socket.id]);
    socket.join('b');
    io.to('a').emit('no');
    io.to('b').emit('x');
    io.emit('y');
    assert.deepEqual(conn.taken(), ['2["x"]', '2["y"]']);
    conn.drop();
    assert.equal(link.rows.size, 0);
  });
});

describe('broadcast operators', () => {
  it('are immutable, take arrays, and leak nothing into a later emit', async () => {
    const { io, engine } = fakeServer();
    const sockets = await many(engine, () => io.sockets.sockets.values(), 4);
    const [a, b, c] = sockets;
    a.socket.join('a');
    b.socket.join(['a', 'b']);
    c.socket.join('7');
    const received = () => sockets.map(({ conn }) => conn.taken().length);
    const base = io.to('a');
    base.to('b').except('b');
    io.to('b');
    io.volatile.in('c');
    assert.equal(base.emit('x'), io.sockets);
    assert.deepEqual(received(), [1, 1, 0, 0]);
    io.in(['a', 'b'])
      .to(7 as never)
      .emit('x');
    assert.deepEqual(received(), [1, 1, 1, 0]);
    io.emit('x');
    assert.deepEqual(received(), [1, 1, 1, 1]);
    io.except(['b', a.socket.id]).emit('x');
    assert.deepEqual(received(), [0, 0, 1, 1]);
    b.socket.to('a').to('b').emit('x');
    assert.deepEqual(received(), [1, 0, 0, 0]);
    b.socket.broadcast.emit('x');
    b.socket.local.except('7').emit('x');
    assert.deepEqual(received(), [2, 0, 1, 2]);
    b.socket.leave(b.socket.id).broadcast.emit('x');
    assert.deepEqual(received(), [1, 0, 1, 1], 'a sender that left its own room is still left out');
  });

  for (const [what, room] of [
    ['nothing', ''],
    ['64 kB', 'é'.repeat(32_000)],
    ['control characters', 'a\0b\x1e,'],
  ] as const) {
    it(`reach a room whose name is ${what} as any other`, async () => {
      const { io, engine } = fakeServer();
      const [a, b] = await many(engine, () => io.sockets.sockets.values(), 2);
      const received = () => [a.conn.taken(), b.conn.taken()].map((frames) => frames.length);
      a.socket.join(room);
      assert.deepEqual([...a.socket.rooms], [a.socket.id, room]);
      assert.deepEqual([...(io.sockets.adapter.rooms.get(room) ?? [])], [a.socket.id]);
      io.to(room).emit('x');
      assert.deepEqual(received(), [1, 0]);
      io.except(room).emit('x');
      assert.deepEqual(received(), [0, 1]);
      b.socket.to([room, 'other']).emit('x');
      assert.deepEqual(received(), [1, 0]);
      a.socket.leave(room);
      io.to(room).emit('x');
      assert.deepEqual(received(), [0, 0]);
      assert.ok(!io.sockets.adapter.rooms.has(room));
    });
  }

  it('reach one namespace only', async () => {
    const { io, engine } = fakeServer();
    io.of('/chat');
    const conn = await join(engine);
    conn.receive('0/chat,');
    await new Promise(setImmediate);
    conn.taken();
    io.of('/chat').emit('x', 1);
    io.of('chat').send('y');
    io.write('z');
    assert.deepEqual(conn.taken(), ['2/chat,["x",1]', '2/chat,["message","y"]', '2["message","z"]']);
  });

  it('reach exactly those a plain model names, over random joins, leaves, excepts and disconnects', async () => {
    const seed = Number(process.env.BROADSIDE_SEED ?? 20_240_611);
    const pick = random(seed);
    const { io, engine, link } = fakeServer();
    const rooms = new Map<Socket, Set<string>>();
    const conns = new Map<Socket, FakeConn>();
    io.on('connection', (socket: Socket) => {
      rooms.set(socket, new Set([socket.id]));
      conns.set(socket, socket.conn as unknown as FakeConn);
    });
    const names = ['a', 'b', 'c', 'd'];
    const someRoom = () => (pick(4) === 0 && rooms.size > 0 ? someone().id : names[pick(names.length)]);
    const someone = () => [...rooms.keys()][pick(rooms.size)];
    for (let step = 0; step < 3000; step++) {
      const what = rooms.size === 0 ? 0 : pick(20);
      if (what === 0 && rooms.size < 12) {
        await (pick(2) ? join(engine) : joinLegacy(engine));
      } else if (what < 7) {
        const [socket, room] = [someone(), someRoom()];
        socket.join(room);
        rooms.get(socket)?.add(room);
      } else if (what < 10) {
        const [socket, room] = [someone(), someRoom()];
        socket.leave(room);
        rooms.get(socket)?.delete(room);
      } else if (what === 10 && pick(3) === 0) {
        const socket = someone();
        if (pick(2)) socket.disconnect(pick(2) === 0);
        else conns.get(socket)?.drop();
        rooms.delete(socket);
        conns.delete(socket);
      } else {
        const sender = pick(2) ? someone() : undefined;
        const to = Array.from({ length: pick(3) }, someRoom);
        const except = Array.from({ length: pick(3) }, someRoom);
        (sender?.broadcast ?? io.local).to(to).except(except).emit('x', step);
        for (const [socket, own] of rooms) {
          const wanted = to.length === 0 || to.some((room) => own.has(room));
          // A sender leaves out the room of its id, whoever else is in there, as Socket.IO 4 does.
          const barred = [...except, sender?.id ?? ''].some((room) => own.has(room) || room === socket.id);
          const expected = wanted && !barred ? [`2["x",${step}]`] : [];
          assert.deepEqual(conns.get(socket)?.taken(), expected, `seed ${seed} step ${step}`);
        }
      }
    }
    for (const conn of conns.values()) conn.drop();
    assert.equal(link.rows.size, 0, `seed ${seed}: every row is freed`);
    assert.equal(io.sockets.adapter.rooms.size + io.sockets.adapter.sids.size, 0);
  });

  it('announce a drain on the engine for those who wait for it', async () => {
    const { io, engine } = fakeServer();
    const drained = once(io.engine, 'drain');
    engine.emit('drain');
    await drained;
    assert.equal(io.engine.writable, true);
  });
});
