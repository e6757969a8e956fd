import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Socket } from '../../core/api/socket.ts';
import { collectGarbage } from '../support/collect-garbage.ts';
import { fakeServer, join, joinLegacy, settle } from '../support/fake-engine.ts';

function watch(socket: Socket, seen: unknown[], name: string = socket.nsp.name): void {
  socket.on('disconnecting', (reason) =>
    seen.push([name, 'disconnecting', reason, socket.connected, socket.rooms.size]),
  );
  socket.on('disconnect', (reason) => {
    seen.push([name, 'disconnect', reason, socket.connected, socket.rooms.size]);
    seen.push(socket.nsp.sockets.has(socket.id));
  });
}

describe('disconnecting', () => {
  it('by the server happens within the call, once, rooms intact until disconnecting is over', async () => {
    const { io, engine } = fakeServer();
    const conn = await join(engine);
    const [socket] = io.sockets.sockets.values();
    const seen: unknown[] = [];
    watch(socket, seen);
    socket.on('disconnecting', () => socket.disconnect());
    socket.on('disconnect', () => socket.disconnect());
    assert.equal(socket.join('a').disconnect(), socket);
    assert.deepEqual(seen, [
      ['/', 'disconnecting', 'server namespace disconnect', true, 2],
      ['/', 'disconnect', 'server namespace disconnect', false, 0],
      false,
    ]);
    conn.drop();
    assert.equal(seen.length, 3);
    assert.deepEqual(conn.taken(), ['1']);
  });

  it('with true ends every namespace of the connection, then the connection', async () => {
    for (const enter of [join, joinLegacy]) {
      const { io, engine } = fakeServer();
      const chat = io.of('/chat');
      const conn = await enter(engine as never);
      conn.receive('0/chat,');
      await settle();
      conn.taken();
      const seen: unknown[] = [];
      const [main] = io.sockets.sockets.values();
      watch(main, seen);
      watch([...chat.sockets.values()][0], seen);
      [...chat.sockets.values()][0].disconnect(true);
      assert.deepEqual(
        seen.filter(Array.isArray).map(([name, event, reason]) => `${name} ${event} ${reason}`),
        [
          '/ disconnecting server namespace disconnect',
          '/ disconnect server namespace disconnect',
          '/chat disconnecting server namespace disconnect',
          '/chat disconnect server namespace disconnect',
        ],
      );
      assert.deepEqual(conn.taken(), ['1', '1/chat,']);
      assert.equal(conn.readyState, 'closing');
      await settle();
      assert.equal(seen.length, 6);
    }
  });

  it('of one namespace leaves the others and the connection alone', async () => {
    const { io, engine } = fakeServer();
    const chat = io.of('/chat');
    const conn = await join(engine);
    conn.receive('0/chat,');
    await settle();
    conn.taken();
    [...io.sockets.sockets.values()][0].disconnect();
    chat.emit('still');
    assert.deepEqual(conn.taken(), ['1', '2/chat,["still"]']);
    conn.receive('0');
    await settle();
    assert.equal(io.sockets.sockets.size, 1);
    assert.equal(conn.readyState, 'open');
  });

  it('by the transport gives the reason and its description to every namespace', async () => {
    const { io, engine, link } = fakeServer();
    io.of('/chat');
    const conn = await join(engine);
    conn.receive('0/chat,');
    await settle();
    const seen: unknown[] = [];
    for (const nsp of [io.sockets, io.of('/chat')]) {
      for (const socket of nsp.sockets.values()) socket.on('disconnect', (...args) => seen.push(...args));
    }
    const description = new Error('Max payload size exceeded');
    conn.drop('transport error', description);
    assert.deepEqual(seen, ['transport error', description, 'transport error', description]);
    assert.equal(link.rows.size, 0);
  });

  it('ignores later emits, answers and events, and lets acks without time limit go', async () => {
    const { io, engine } = fakeServer();
    const conn = await join(engine);
    const [socket] = io.sockets.sockets.values();
    let answer: ((...args: unknown[]) => void) | undefined;
    socket.on('ask', (reply) => {
      answer = reply;
    });
    socket.emit('never', () => assert.fail('must not be answered'));
    conn.receive('25["ask"]');
    conn.taken();
    socket.disconnect();
    answer?.('late');
    socket.emit('late');
    socket.on('x', () => assert.fail('must not be dispatched'));
    conn.receive('2["x"]', '30["late"]');
    assert.deepEqual(conn.taken(), ['1']);
    assert.equal(socket.disconnected, true);
  });

  it('drops later events of a burst when a listener disconnects', async () => {
    const { io, engine } = fakeServer();
    const conn = await join(engine);
    const [socket] = io.sockets.sockets.values();
    let seen = 0;
    socket.on('x', () => {
      seen++;
      socket.disconnect(true);
    });
    conn.receive('2["x"]', '2["x"]');
    assert.equal(seen, 1);
  });

  it('lets what disconnect listeners join or emit in other places stand on firm ground', async () => {
    const { io, engine, link } = fakeServer();
    const conn = await join(engine);
    const other = await join(engine);
    const [socket] = io.sockets.sockets.values();
    io.sockets.adapter.on('leave-room', () => socket.join('ghost'));
    socket.on('disconnecting', () => {
      socket.join('last');
      io.to('last').emit('bye');
    });
    socket.on('disconnect', () => io.emit('gone'));
    conn.drop();
    assert.deepEqual(other.taken(), ['2["gone"]']);
    assert.equal(io.sockets.adapter.rooms.has('ghost') || io.sockets.adapter.rooms.has('last'), false);
    other.drop();
    assert.equal(link.rows.size, 0);
  });

  it('of an idle polling client by the server has the reason forced server close', async () => {
    const { io, engine } = fakeServer();
    const conn = await join(engine, '/', { transport: { name: 'polling', writable: false } });
    const [socket] = io.sockets.sockets.values();
    const seen: unknown[] = [];
    socket.on('disconnect', (reason) => seen.push(reason));
    conn.receive('0');
    assert.deepEqual(seen, ['forced server close']);
  });

  it('works with socket.client.close(), and shows the sockets of a client by id', async () => {
    const { io, engine } = fakeServer();
    const conn = await join(engine);
    const [socket] = io.sockets.sockets.values();
    assert.deepEqual([...socket.client.sockets.keys()], [socket.id]);
    assert.equal(socket.client.id, conn.id);
    const seen: unknown[] = [];
    socket.on('disconnect', (reason) => seen.push(reason));
    socket.client.close();
    socket.client.close();
    assert.deepEqual(seen, ['forced close']);
    assert.equal(socket.client.sockets.size, 0);
  });

  it('leaves sockets to the garbage collector, all but the last', async () => {
    const { io, engine } = fakeServer();
    const left: WeakRef<Socket>[] = [];
    io.on('connection', (socket) => left.push(new WeakRef(socket)));
    for (let i = 0; i < 5; i++) {
      const conn = await join(engine);
      await settle();
      conn.drop();
    }
    await settle();
    collectGarbage();
    assert.deepEqual(
      left.map((socket) => socket.deref() !== undefined),
      [false, false, false, false, true],
    );
  });
});
