/**
 * Adapters written for Socket.IO itself: the published ones, and classes made from them.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { Adapter } from '../../core/api/adapter.ts';
import type { GivenOptions } from '../../core/api/api-options.ts';
import { fakeServer, joinLegacy, settle } from '../support/fake-engine.ts';
import { many } from './joined.ts';

const require = createRequire(import.meta.url);
const published = (peer: string): any => createRequire(require.resolve(peer))('socket.io-adapter');
const { Adapter: ModernAdapter, SessionAwareAdapter } = published('socket.io');
const LegacyAdapter = published('socket.io-2');

const ids = (io: { clients(callback: (error: Error | null, ids: string[]) => void): unknown }): Promise<string[]> =>
  new Promise((resolve, reject) => io.clients((error, found) => (error ? reject(error) : resolve(found))));

/** Rooms and sockets an adapter of either generation knows. */
const sizes = ({ rooms, sids }: { rooms: object; sids: object }): number[] =>
  [rooms, sids].map((table) => (table instanceof Map ? table.size : Object.keys(table).length));

for (const [name, adapter] of [
  ['socket.io-adapter 2', ModernAdapter],
  ['socket.io-adapter 1', LegacyAdapter],
] as [string, GivenOptions['adapter']][]) {
  describe(`with ${name}`, () => {
    it('rooms, broadcasts, excepts, flags and binary work', async () => {
      const { io, engine, link } = fakeServer({ adapter });
      const all = await many(io, engine, 3);
      const [a, b, c] = all;
      const taken = (): unknown[][] => all.map(({ conn }) => conn.taken());
      assert.ok(io.sockets.adapter instanceof (adapter as any));
      const calls: unknown[] = [];
      assert.equal(
        a.socket.join(['x', 'y'], (error) => calls.push(error)),
        a.socket,
      );
      b.socket.join('y');
      assert.deepEqual([...a.socket.rooms], [a.socket.id, 'x', 'y']);
      assert.deepEqual(Object.keys(a.socket.rooms), [a.socket.id, 'x', 'y']);
      io.emit('1');
      io.to('x')
        .to('y')
        .emit('2', Buffer.from([1]));
      const attached = ['51-["2",{"_placeholder":true,"num":0}]', Buffer.from([1])];
      assert.deepEqual(taken(), [['2["1"]', ...attached], ['2["1"]', ...attached], ['2["1"]']]);
      io.except('x').emit('3');
      a.socket.broadcast.emit('4');
      a.socket.to('y').emit('5');
      io.except(c.socket.id).emit('6');
      assert.deepEqual(taken(), [['2["6"]'], ['2["3"]', '2["4"]', '2["5"]', '2["6"]'], ['2["3"]', '2["4"]']]);
      link.flags.length = 0;
      io.to(a.socket.id).volatile.compress(false).emit('7');
      assert.deepEqual(link.flags, [1]);
      a.socket.leave('x', (error) => calls.push(error));
      io.to('x').emit('8');
      assert.deepEqual(taken(), [['2["7"]'], [], []]);
      await settle();
      assert.deepEqual(calls, [null, null]);
      const watched: unknown[] = [];
      b.socket.onAnyOutgoing((event) => watched.push(event));
      io.to('y').emit('9');
      io.to('x').emit('10');
      assert.deepEqual(watched, ['9']);
    });

    it('questions, mass operations and acknowledgements work', async () => {
      const { io, engine } = fakeServer({ adapter });
      const [a, b] = await many(io, engine, 2);
      a.socket.join('x');
      assert.deepEqual(await ids(io), [a.socket.id, b.socket.id]);
      assert.deepEqual(await ids(io.in('x').in('none')), [a.socket.id]);
      assert.deepEqual(await io.except('x').fetchSockets(), [b.socket]);
      io.in('x').socketsJoin(['y', 'z']);
      io.socketsLeave('z');
      assert.deepEqual([...a.socket.rooms], [a.socket.id, 'x', 'y']);
      a.conn.taken();
      const answers = io.timeout(1000).emitWithAck('ask');
      assert.deepEqual(a.conn.taken(), ['20["ask"]']);
      await settle();
      b.conn.receive('30["b"]');
      a.conn.receive('30["a"]');
      assert.deepEqual(await answers, ['b', 'a']);
      io.in('x').disconnectSockets();
      assert.deepEqual([...io.sockets.sockets.values()], [b.socket]);
      assert.deepEqual(await ids(io), [b.socket.id]);
    });

    it('forgets what nobody answered in time', async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      const { io, engine } = fakeServer({ adapter });
      const [a, b] = await many(io, engine, 2);
      const seen: unknown[] = [];
      io.timeout(50).emit('ask', (error: Error, answers: unknown[]) => seen.push(error.message, answers));
      a.conn.receive('30["a"]');
      await new Promise((resolve) => process.nextTick(resolve));
      t.mock.timers.tick(50);
      assert.deepEqual(seen, ['operation has timed out', ['a']]);
      assert.equal(b.socket.acks.size, 0);
    });

    it('can replace another while sockets are connected', async () => {
      const { io, engine } = fakeServer();
      const [{ conn, socket }] = await many(io, engine, 1);
      socket.join('r');
      io.adapter(adapter as never);
      io.emit('1');
      io.to(socket.id).emit('2');
      io.to('r').emit('3');
      assert.deepEqual(conn.taken(), ['2["1"]', '2["2"]']);
      conn.drop();
      assert.deepEqual(sizes(io.sockets.adapter), [0, 0]);
    });

    it('leaves nothing behind when sockets go or are refused', async () => {
      const { io, engine } = fakeServer({ adapter });
      io.use((socket, next) => {
        socket.join('early');
        next(socket.handshake.auth.refuse ? new Error('no') : undefined);
      });
      const [{ conn }] = await many(io, engine, 1);
      const refused = engine.open();
      refused.receive('0{"refuse":true}');
      await settle();
      conn.drop();
      await settle();
      assert.deepEqual(sizes(io.sockets.adapter), [0, 0]);
    });
  });
}

describe('an adapter of a cluster', () => {
  it('tells who watches, adds to acknowledgements of other servers, and shows their sockets', async () => {
    const published: unknown[] = [];
    class Cluster extends ModernAdapter {
      serverCount(): Promise<number> {
        return Promise.resolve(2);
      }
      broadcastWithAck(
        packet: unknown,
        opts: unknown,
        count: (n: number) => void,
        ack: (answer: unknown) => void,
      ): void {
        super.broadcastWithAck(packet, opts, count, ack);
        setImmediate(() => {
          count(1);
          ack('remote');
        });
      }
      async fetchSockets(opts: unknown): Promise<unknown[]> {
        return [...(await super.fetchSockets(opts)), { id: 'far', handshake: {}, rooms: ['far', 'r'], data: { n: 1 } }];
      }
      addSockets(opts: { rooms: Set<string> }, rooms: string[]): void {
        published.push([...opts.rooms], rooms);
      }
      broadcast(packet: { data: unknown[] }, opts: { rooms: Set<string> }): void {
        if (opts.rooms.has('far')) published.push(packet.data);
        else super.broadcast(packet, opts);
      }
      serverSideEmit(packet: unknown[]): void {
        published.push(packet[0]);
        this.nsp._onServerSideEmit(['from afar', 5]);
      }
    }
    const { io, engine } = fakeServer({ adapter: Cluster as never });
    const [{ socket, conn }] = await many(io, engine, 1);
    const watched: unknown[] = [];
    socket.onAnyOutgoing((event) => watched.push(event));
    const answers = io.timeout(1000).emitWithAck('ask');
    conn.receive('30["near"]');
    assert.deepEqual(await answers, ['near', 'remote']);
    const [near, far] = await io.fetchSockets();
    assert.equal(near as unknown, socket);
    assert.deepEqual([far.id, [...far.rooms], far.data], ['far', ['far', 'r'], { n: 1 }]);
    far.join('new');
    assert.equal(far.emit('direct', 1), true);
    io.on('from afar', (n: number) => watched.push(n));
    io.serverSideEmit('to others');
    assert.deepEqual(published, [['far'], ['new'], ['direct', 1], 'to others']);
    assert.deepEqual(watched, ['ask', 5]);
  });

  it('may take its time: join calls back when it is done, and its failure is an error of the socket', async () => {
    let fail = false;
    class Slow extends ModernAdapter {
      async addAll(id: string, rooms: Set<string>): Promise<void> {
        await settle();
        if (fail) throw new Error('unreachable');
        super.addAll(id, rooms);
      }
    }
    const { io, engine } = fakeServer({ adapter: Slow as never });
    const [{ socket }] = await many(io, engine, 1);
    await settle();
    const seen: unknown[] = [];
    socket.on('error', (error) => seen.push(error.message));
    await new Promise((resolve) => socket.join('a', resolve));
    assert.ok(socket.rooms.has('a'));
    fail = true;
    await new Promise<void>((resolve) =>
      socket.join('b', (error) => {
        seen.push(['callback', error?.message]);
        resolve();
      }),
    );
    socket.join('c');
    await settle();
    await settle();
    assert.deepEqual(seen, [['callback', 'unreachable'], 'unreachable']);
  });

  it('may keep sessions itself, as the published one does', async () => {
    const { io, engine } = fakeServer({ adapter: SessionAwareAdapter, connectionStateRecovery: {} });
    const conn = engine.open();
    conn.receive('0');
    await settle();
    const { sid, pid } = JSON.parse(String(conn.taken()[0]).slice(1));
    const [socket] = io.sockets.sockets.values();
    socket.join('r').data = { user: 'u' };
    socket.emit('direct', 1);
    const [event] = conn.taken();
    const offset = JSON.parse(String(event).slice(1)).at(-1);
    conn.drop();
    io.to('r').emit('missed', 2);
    const back = engine.open();
    back.receive(`0${JSON.stringify({ pid, offset })}`);
    await settle();
    const [missed, reply] = back.taken().map(String);
    assert.deepEqual(JSON.parse(missed.slice(1)).slice(0, 2), ['missed', 2]);
    assert.deepEqual(JSON.parse(reply.slice(1)), { sid, pid });
    const [restored] = io.sockets.sockets.values();
    assert.deepEqual([restored.recovered, restored.rooms.has('r'), restored.data], [true, true, { user: 'u' }]);
  });

  it('of Socket.IO 2 may know add() only, and report errors to callbacks', async () => {
    class Old extends LegacyAdapter {
      addAll = undefined;
      add(id: string, room: string, done: (error?: Error) => void): void {
        if (room === 'bad') process.nextTick(done, new Error('no'));
        else LegacyAdapter.prototype.addAll.call(this, id, [room], done);
      }
    }
    const { io, engine } = fakeServer({ adapter: Old as never });
    await joinLegacy(engine);
    const [socket] = io.sockets.sockets.values();
    const error = await new Promise<Error | null>((resolve) => socket.join(['good', 'bad'], resolve));
    assert.equal(error?.message, 'no');
    assert.ok(socket.rooms.has('good'));
    assert.throws(() => io.serverSideEmit('x'), TypeError);
  });
});

describe("a class made from the library's own adapter", () => {
  it('gets a Set of rooms from every join, of one room too', async () => {
    const seen: unknown[] = [];
    class Noting extends Adapter {
      override addAll(id: string, rooms: Set<string>): void | Promise<void> {
        seen.push(rooms instanceof Set && [...rooms]);
        return super.addAll(id, rooms);
      }
    }
    const { io, engine } = fakeServer({ adapter: Noting });
    const [{ socket }] = await many(io, engine, 1);
    seen.length = 0;
    socket.join('a');
    socket.join(['b', 'c']);
    socket.join(7 as never);
    assert.deepEqual(seen, [['a'], ['b', 'c'], ['7']]);
    assert.deepEqual([...socket.rooms], [socket.id, 'a', 'b', 'c', '7']);
  });

  it('may have addAll() wrapped, on an adapter or on the class: every join goes through it', async (t) => {
    const { io, engine } = fakeServer();
    const [{ socket }] = await many(io, engine, 1);
    const ofClass = t.mock.method(Adapter.prototype, 'addAll');
    socket.join('a');
    ofClass.mock.restore();
    assert.deepEqual([...(ofClass.mock.calls[0].arguments[1] as Set<string>)], ['a']);
    const ofOne = t.mock.method(io.sockets.adapter as Adapter, 'addAll');
    socket.join('b');
    assert.deepEqual([...(ofOne.mock.calls[0].arguments[1] as Set<string>)], ['b']);
    assert.deepEqual([...socket.rooms], [socket.id, 'a', 'b']);
  });
});
