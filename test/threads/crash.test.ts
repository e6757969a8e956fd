/**
 * An I/O thread that throws: its clients are lost, nobody else notices, and it comes back.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import type { Engine } from '../../core/api/engine.ts';
import { Server, type Socket } from '../../core/index.ts';
import { ClientHost } from '../support/child.ts';
import { POLLING, send } from '../support/http.ts';
import { within } from '../support/wait-for.ts';
import { Crowd, Member, portOf, threadOf, until } from './crowd.ts';
import type { FloodRequest } from './flood-host.ts';

interface Crash {
  thread: number;
  error: Error;
}

function listen(t: TestContext, ioThreads: number): { io: Server; crowd: Crowd } {
  const io = new Server(0, { ioThreads });
  const crowd = new Crowd(io);
  t.after(() => {
    crowd.close();
    return io.close();
  });
  return { io, crowd };
}

const crash = (io: Server, thread: number, message = 'probe'): void =>
  (io.engine as Engine).crashThread(thread, message);

async function crashed(io: Server): Promise<Crash> {
  const [event] = await within(once(io.engine, 'thread_crash'), 'thread_crash');
  return event as Crash;
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function assertLost(members: readonly Member[]): void {
  for (const member of members) assert.deepEqual(member.ends, ['transport error']);
}

describe('a crash of an I/O thread', () => {
  it('in the middle of a broadcast stream ends only its own clients, with "transport error"', async (t) => {
    const { io, crowd } = listen(t, 3);
    await crowd.connect(300);
    const victims = crowd.on(1);
    assert.ok(victims.length > 50);
    const news = crashed(io);
    await crowd.stream(600, { 200: () => crash(io, 1, 'in the middle') });
    const { thread, error } = await news;
    assert.equal(thread, 1);
    assert.match(error.message, /in the middle/);
    await crowd.ended(victims);
    await crowd.settle();
    assertLost(victims);
    assert.ok(victims.every(({ closed }) => closed));
    assert.equal(crowd.alive.length, 300 - victims.length);
    for (const member of crowd.alive) assert.deepEqual([member.first, member.ends], [1, []]);

    const newcomer = await crowd.connectOn(1);
    await crowd.stream(50);
    await crowd.settle();
    assert.equal(newcomer.first, 602);
    assert.equal((io.engine as Engine).clientsCount, crowd.alive.length);
  });

  it('can happen again and again, while clients come and go', async (t) => {
    const { io, crowd } = listen(t, 3);
    await crowd.connect(90);
    const untouched = crowd.on(2);
    for (let round = 0; round < 8; round++) {
      const victims = crowd.alive.filter((member) => member.thread === round % 2);
      const news = crashed(io);
      await crowd.stream(40, { 20: () => crash(io, round % 2) });
      assert.equal((await news).thread, round % 2);
      await crowd.ended(victims);
      assertLost(victims);
      await crowd.connectOn(round % 2);
      await crowd.connect(10);
    }
    await crowd.settle();
    for (const member of untouched) assert.deepEqual([member.closed, member.first, member.ends], [false, 1, []]);
    assert.equal((io.engine as Engine).clientsCount, crowd.alive.length);
  });

  it('leaves no session behind when clients are connecting at that moment', async (t) => {
    const { io, crowd } = listen(t, 2);
    const attempts: Member[] = [];
    for (let round = 0; round < 5; round++) {
      const news = crashed(io);
      for (let i = 0; i < 60; i++) attempts.push(new Member(io));
      await attempts[attempts.length - 60].settled;
      crash(io, 0);
      for (let i = 0; i < 20; i++) attempts.push(new Member(io));
      await news;
    }
    await within(Promise.all(attempts.map(({ settled }) => settled)), 'the end of all attempts');
    const last = await crowd.connectOn(0);
    crowd.members.push(...attempts.filter(({ closed }) => !closed));
    await crowd.settle();
    assert.equal(last.first, 1);
    const alive = crowd.alive.length;
    await until(`${alive} connections`, () => (io.engine as Engine).clientsCount === alive);
    assert.equal(io.sockets.sockets.size, alive);
  });

  it('takes the only thread of a server: everyone is lost, and newcomers are served', async (t) => {
    const { io, crowd } = listen(t, 1);
    await crowd.connect(100);
    const everyone = crowd.members.slice();
    const news = crashed(io);
    await crowd.stream(100, { 50: () => crash(io, 0) });
    assert.equal((await news).thread, 0);
    await crowd.ended(everyone);
    assertLost(everyone);
    const newcomer = await crowd.connectOn(0);
    crowd.emit(10);
    await crowd.settle();
    assert.deepEqual([newcomer.first, newcomer.last], [101, 111]);
  });

  it('takes the only thread of a server: requests in between are answered 503, and not for ever', async (t) => {
    const { io } = listen(t, 1);
    const port = portOf(io);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const news = crashed(io);
    crash(io, 0);
    await news;
    const statuses = new Set<number>();
    // One connection, as long as the server keeps it: what it was given to must not answer for the next thread.
    await within(
      (async () => {
        while (!statuses.has(200)) statuses.add((await send(port, POLLING, { agent })).status);
      })(),
      'an answer of the next thread',
    );
    assert.deepEqual(
      [...statuses].filter((status) => status !== 503 && status !== 200),
      [],
    );
  });

  it('while the app thread is blocked is handled when it is free again; nothing is lost elsewhere', async (t) => {
    const { io, crowd } = listen(t, 2);
    await crowd.connect(100);
    const victims = crowd.on(0);
    const news = crashed(io);
    crowd.emit(20);
    crash(io, 0);
    block(1000);
    crowd.emit(20);
    assert.equal((await news).thread, 0);
    await crowd.ended(victims);
    await crowd.settle();
    assertLost(victims);
    assert.equal((await crowd.connectOn(0)).closed, false);
    assert.equal(crowd.on(1).filter(({ closed }) => closed).length, 0);
  });

  it('while the queues to the app thread are full keeps order and loses nothing of the others', async (t) => {
    const { io, crowd } = listen(t, 2);
    const host = new ClientHost<FloodRequest, number>(new URL('flood-host.ts', import.meta.url));
    t.after(() => host.close());
    const clients = 20;
    const events = 1500; // of 400 characters: 6 MB from each thread, which is more than a ring holds
    const lastOf = new Map<Socket, number>();
    const ends = new Map<Socket, string[]>();
    let outOfOrder = 0;
    io.on('connection', (socket) => {
      lastOf.set(socket, 0);
      ends.set(socket, []);
      socket.on('m', (n: number) => {
        if (n !== (lastOf.get(socket) as number) + 1) outOfOrder++;
        lastOf.set(socket, n);
      });
      socket.on('disconnect', (reason) => ends.get(socket)?.push(reason));
      if (lastOf.size !== clients) return;
      setImmediate(() => {
        block(500); // the clients go on sending
        crash(io, 0);
        block(500);
      });
    });
    const news = crashed(io);
    await host.request({ port: portOf(io), clients, events, characters: 400 }, 'the flood');
    await news;
    const sockets = [...lastOf.keys()];
    const done = (socket: Socket): boolean =>
      threadOf(socket) === 0 ? ends.get(socket)?.length === 1 : lastOf.get(socket) === events;
    await until('every event and every end', () => sockets.every(done));
    assert.equal(outOfOrder, 0);
    assert.equal(sockets.length, clients);
    for (const socket of sockets) {
      assert.deepEqual(ends.get(socket), threadOf(socket) === 0 ? ['transport error'] : []);
    }
    await crowd.connectOn(0);
    await crowd.settle();
  });

  it('is news to every Server that shares the threads', async (t) => {
    const one = listen(t, 2);
    const two = listen(t, 2);
    await one.crowd.connect(40);
    await two.crowd.connect(40);
    const victims = [...one.crowd.on(1), ...two.crowd.on(1)];
    const news = [crashed(one.io), crashed(two.io)];
    crash(one.io, 1);
    for (const { thread } of await Promise.all(news)) assert.equal(thread, 1);
    await one.crowd.ended(victims);
    assertLost(victims);
    for (const { crowd } of [one, two]) {
      await crowd.connectOn(1);
      crowd.emit(10);
      await crowd.settle();
    }
    await one.io.close();
    await two.crowd.connectOn(1);
    await two.crowd.settle();
  });

  it('just before a Server opens does not keep it from listening on every thread', async (t) => {
    const { io } = listen(t, 2);
    const news = crashed(io);
    crash(io, 0);
    block(50); // the app thread does not know of the crash yet, and names an app that is gone
    const second = listen(t, 2);
    await news;
    await second.crowd.connectOn(0);
    await second.crowd.connectOn(1);
    await second.crowd.settle();
  });

  it('with listening in its news, the new port reaches the restarted thread too', async (t) => {
    const { io } = listen(t, 2);
    const opened = new Promise<{ io: Server; crowd: Crowd }>((resolve) => {
      io.engine.once('thread_crash', () => resolve(listen(t, 2)));
    });
    crash(io, 0);
    const second = await within(opened, 'thread_crash');
    await second.crowd.connectOn(0);
    await second.crowd.connectOn(1);
    await second.crowd.settle();
  });
});

describe('closing around a crash of an I/O thread', () => {
  const orders: Record<string, (io: Server) => Promise<void>> = {
    'right after it': (io) => {
      crash(io, 0);
      return io.close();
    },
    'right before it': (io) => {
      const closed = io.close();
      crash(io, 0);
      return closed;
    },
    'when it becomes known': (io) =>
      new Promise((resolve, reject) => {
        io.engine.once('thread_crash', () => io.close().then(resolve, reject));
        crash(io, 0);
      }),
    'one turn after it becomes known': (io) =>
      new Promise((resolve, reject) => {
        io.engine.once('thread_crash', () => setImmediate(() => io.close().then(resolve, reject)));
        crash(io, 0);
      }),
    'while the app thread knows nothing': (io) => {
      crash(io, 0);
      block(50);
      return io.close();
    },
  };
  /** Where it matters whether other threads are left. */
  const withOneThread = new Set(['right after it', 'when it becomes known']);
  for (const [when, close] of Object.entries(orders)) {
    for (const ioThreads of withOneThread.has(when) ? [1, 2] : [2]) {
      it(`${when} ends every client and gives the port back, I/O threads: ${ioThreads}`, async () => {
        const io = new Server(0, { ioThreads });
        const port = portOf(io);
        const crowd = new Crowd(io);
        await crowd.connect(40);
        crowd.emit(20);
        await within(close(io), 'close');
        await crowd.ended(crowd.members);
        const successor = new Server(port, { ioThreads });
        const next = new Crowd(successor);
        await next.connect(4);
        next.emit(3);
        await next.settle();
        next.close();
        await successor.close();
      });
    }
  }
});
