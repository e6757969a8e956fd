/**
 * Connection state recovery with the library's own adapter.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RecoveryOptions } from '../../core/api/recovery.ts';
import { type FakeConn, type FakeEngine, fakeServer, joinLegacy, settle } from '../support/fake-engine.ts';

const parse = (frame: unknown): any => JSON.parse(String(frame).replace(/^\d+(\/[^,]*,)?/, ''));

interface Session {
  readonly conn: FakeConn;
  readonly sid: string;
  readonly pid: string;
}

async function connect(
  engine: FakeEngine,
  auth?: { pid?: unknown; offset?: unknown },
): Promise<Session & { readonly frames: unknown[] }> {
  const conn = engine.open();
  conn.receive(`0${auth ? JSON.stringify({ pid: auth.pid, offset: auth.offset }) : ''}`);
  await settle();
  const frames: unknown[] = conn.taken();
  return { conn, frames, ...parse(frames.at(-1)) };
}

/** A server, a client that has had one event, and the offset of that event. */
async function started(options: RecoveryOptions = {}) {
  const { io, engine } = fakeServer({ connectionStateRecovery: options });
  const session = await connect(engine);
  const [socket] = io.sockets.sockets.values();
  io.emit('first');
  const offset: string = parse(session.conn.taken()[0]).at(-1);
  return { io, engine, socket, offset, ...session };
}

describe('connection state recovery', () => {
  it('gives events an offset, not those that are volatile or ask for an answer, and the reply a secret', async () => {
    const { io, engine, socket, conn, pid } = await started();
    assert.match(pid, /^[\w-]{24}$/);
    io.emit('a', 1);
    socket.emit('b', Buffer.from([1]));
    socket.emit('c', () => {});
    socket.volatile.emit('d');
    io.volatile.emit('e');
    io.timeout(5)
      .emitWithAck('f')
      .catch(() => {});
    const frames = conn.taken();
    const [a, b] = [parse(frames[0]), JSON.parse(String(frames[1]).slice(3))];
    assert.equal(a.length, 3);
    assert.equal(b.length, 3);
    assert.notEqual(a[2], b[2]);
    assert.deepEqual(frames.slice(3), ['20["c"]', '2["d"]', '2["e"]', '21["f"]']);
    const old = await joinLegacy(engine);
    [...io.sockets.sockets.values()].at(-1)?.emit('direct');
    assert.deepEqual(old.taken(), ['2["direct"]']);
  });

  it('brings a socket back with id, rooms and data, and what it missed before the reply', async () => {
    const { io, engine, socket, conn, sid, pid, offset } = await started();
    socket.join('r').data.user = 'u';
    io.emit('not seen');
    conn.drop();
    io.emit('all');
    io.to('r').emit('room');
    io.to('other').emit('no');
    io.except('r').emit('no');
    io.to(sid).emit('own');
    const seen: unknown[] = [];
    io.use((_socket, next) => {
      seen.push('middleware');
      next();
    });
    io.on('connection', (back) => seen.push(back.recovered, back.id === sid, [...back.rooms].slice(1), back.data));
    const back = await connect(engine, { pid, offset });
    assert.deepEqual(seen, [true, true, ['r'], { user: 'u' }]);
    assert.deepEqual([back.sid, back.pid], [sid, pid]);
    assert.deepEqual(
      back.frames.slice(0, -1).map((frame) => parse(frame)[0]),
      ['not seen', 'all', 'room', 'own'],
    );
    io.to('r').emit('now');
    assert.equal(parse(back.conn.taken()[0])[0], 'now');
  });

  it('is for one client: a secret works once, and not while its owner is connected', async () => {
    const { io, engine, conn, sid, pid, offset } = await started();
    assert.notEqual((await connect(engine, { pid, offset })).sid, sid);
    conn.drop();
    assert.equal((await connect(engine, { pid, offset })).sid, sid);
    assert.notEqual((await connect(engine, { pid, offset })).sid, sid);
    assert.equal([...io.sockets.sockets.values()].filter((socket) => socket.recovered).length, 1);
  });

  it('starts anew for whom it does not know', async () => {
    const { engine, conn, sid, pid, offset } = await started();
    conn.drop();
    const unknown = [
      { pid: 'wrong', offset },
      { pid, offset: 'zzzz' },
      { pid, offset: '-1' },
      { pid, offset: 'x'.repeat(1_000_000) },
      { pid: 'x'.repeat(1_000_000), offset },
      { pid, offset: '' },
      { pid, offset: [offset] },
      { pid: [pid], offset },
      { pid },
    ];
    for (const auth of unknown) {
      const fresh = await connect(engine, auth);
      assert.notEqual(fresh.sid, sid);
      assert.equal(fresh.frames.length, 1);
    }
    assert.equal((await connect(engine, { pid, offset })).sid, sid, 'wrong guesses used nothing up');
  });

  it('is for lost connections only', async () => {
    for (const reason of ['transport error', 'transport close', 'ping timeout', 'forced close', 'parse error']) {
      const { engine, conn, sid, pid, offset } = await started();
      conn.drop(reason);
      assert.equal((await connect(engine, { pid, offset })).sid === sid, reason !== 'parse error', reason);
    }
    const { engine, socket, sid, pid, offset } = await started();
    socket.disconnect();
    assert.notEqual((await connect(engine, { pid, offset })).sid, sid);
  });

  it('keeps sessions and events for maxDisconnectionDuration', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setInterval'] });
    const first = await started({ maxDisconnectionDuration: 1000 });
    first.conn.drop();
    t.mock.timers.tick(999);
    assert.equal((await connect(first.engine, first)).sid, first.sid);
    const second = await started({ maxDisconnectionDuration: 1000 });
    second.conn.drop();
    t.mock.timers.tick(1001);
    assert.notEqual((await connect(second.engine, second)).sid, second.sid);
  });

  it('keeps maxPackets events, maxBytes of them, and maxSessions sessions', async () => {
    const few = await started({ maxPackets: 3 });
    few.conn.drop();
    for (let i = 0; i < 3; i++) few.io.emit('n', i);
    const back = await connect(few.engine, few);
    assert.deepEqual(
      back.frames.slice(0, -1).map((frame) => parse(frame)[1]),
      [0, 1, 2],
    );
    back.conn.drop();
    few.io.emit('one too many');
    assert.notEqual((await connect(few.engine, { pid: few.pid, offset: few.offset })).sid, few.sid);

    const small = await started({ maxBytes: 1000 });
    small.conn.drop();
    for (let i = 0; i < 2; i++) small.io.emit('n', 'x'.repeat(300));
    assert.notEqual((await connect(small.engine, small)).sid, small.sid);

    const one = await started({ maxSessions: 1 });
    const other = await connect(one.engine);
    one.conn.drop();
    other.conn.drop();
    assert.notEqual((await connect(one.engine, one)).sid, one.sid);
    assert.equal((await connect(one.engine, { pid: other.pid, offset: one.offset })).sid, other.sid);
  });

  it('asks middleware when told to, and a refused or lost attempt may be repeated', async () => {
    const { io, engine, conn, sid, pid, offset } = await started({ skipMiddlewares: false });
    let answer: (next: (error?: Error) => void) => void = (next) => next(new Error('no'));
    io.use((_socket, next) => answer(next));
    conn.drop();
    const refused = engine.open();
    refused.receive(`0${JSON.stringify({ pid, offset })}`);
    await settle();
    assert.deepEqual(refused.taken(), ['4{"message":"no"}']);
    answer = () => {};
    const lost = engine.open();
    lost.receive(`0${JSON.stringify({ pid, offset })}`);
    lost.drop();
    io.emit('meanwhile');
    answer = (next) => next();
    const back = await connect(engine, { pid, offset });
    assert.equal(back.sid, sid);
    assert.equal(parse(back.frames[0])[0], 'meanwhile');
  });

  it('lets watchers see events without their offset', async () => {
    const { io, socket } = await started();
    const seen: unknown[] = [];
    socket.onAnyOutgoing((...event) => seen.push(event));
    io.emit('a', 1);
    socket.emit('b', 2);
    assert.deepEqual(seen, [
      ['a', 1],
      ['b', 2],
    ]);
  });

  it('is off unless asked for', async () => {
    const { io, engine } = fakeServer();
    const { conn, pid } = await connect(engine);
    io.emit('a');
    assert.deepEqual([pid, conn.taken()], [undefined, ['2["a"]']]);
  });
});
