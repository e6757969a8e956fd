/**
 * The client's elements of the documented API and the usage patterns shown there, each test under its number.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { Client } from '../../core/api/client.ts';
import { Server } from '../../core/api/server.ts';
import { fakeServer, join, joinLegacy, settle } from '../support/fake-engine.ts';

describe('a client', () => {
  it('92: there is one per connection, shared by its sockets', async () => {
    const { io, engine } = fakeServer();
    io.of('/chat');
    const conn = await joinLegacy(engine);
    conn.receive('0/chat,');
    await settle();
    const [main] = io.sockets.sockets.values();
    const [chat] = io.of('/chat').sockets.values();
    assert.ok(main.client instanceof Client);
    assert.equal(chat.client, main.client);
    assert.deepEqual([...main.client.nsps.keys()], ['/', '/chat']);
    assert.deepEqual([...main.client.sockets.keys()], [conn.id, `/chat#${conn.id}`]);
    assert.deepEqual([main.client.id, main.client.server], [conn.id, io]);
  });

  it('93: conn is the engine socket', async () => {
    const { io, engine } = fakeServer();
    const conn = await join(engine);
    const [{ client }] = io.sockets.sockets.values();
    assert.equal(client.conn, conn);
  });

  it('94: request is that of the handshake; close(), disconnect() and ondata() work', async () => {
    const { io, engine } = fakeServer();
    const conn = await join(engine);
    const [socket] = io.sockets.sockets.values();
    const seen: unknown[] = [];
    assert.equal(socket.client.request, conn.request);
    socket.on('error', (error) => seen.push(error instanceof Error));
    socket.on('disconnect', (reason) => seen.push(reason));
    socket.client.ondata(null);
    assert.deepEqual(seen, [true, 'forced close']);
    const again = await join(engine);
    const [other] = io.sockets.sockets.values();
    other.client.disconnect();
    assert.deepEqual([again.taken(), again.readyState], [['1'], 'closing']);
    const third = await join(engine);
    const last = [...io.sockets.sockets.values()].at(-1)!;
    last.client.close();
    assert.deepEqual([third.taken(), third.readyState], [[], 'closing'], 'the sockets are told by the connection');
  });
});

/** No more than the documents ask of a connection for `bind()` and `onconnection()`. */
class LeanConn extends EventEmitter {
  readonly id = 'lean';
  readonly request = { method: 'GET', url: '/x/?a=1', headers: {}, connection: {} };
  readonly remoteAddress = '192.0.2.1';
  readonly transport = { writable: true };
  readyState = 'open';
  readonly written: unknown[] = [];
  closed = false;

  write(frame: unknown, options: unknown): void {
    this.written.push(frame, options);
  }

  close(): void {
    this.closed = true;
  }
}

describe('usage as documented', () => {
  it('103: on() gives the namespace back, so that of(...).on(...) can be kept and emit', async () => {
    const { io, engine } = fakeServer();
    const seen: string[] = [];
    const chat = io.of('/chat').on('connection', (socket) => seen.push(socket.nsp.name));
    const conn = await join(engine, '/chat');
    chat.emit('a', 1);
    assert.deepEqual([seen, conn.taken()], [['/chat'], ['2/chat,["a",1]']]);
  });

  it('104: a foreign connection needs no more than the documented members', async () => {
    const conn = new LeanConn();
    const io = new Server();
    const seen: unknown[] = [];
    io.on('connection', (socket) => {
      socket.on('a', (value) => seen.push(value));
      socket.on('disconnect', (reason) => seen.push(reason));
      socket.compress(false).emit('hello');
      seen.push(socket.handshake.query.a, socket.handshake.secure);
    });
    io.onconnection(conn as never);
    await settle();
    io.emit('all', Buffer.from([1]));
    conn.transport.writable = false;
    io.volatile.emit('dropped');
    conn.emit('data', '2["a",1]');
    conn.emit('close', 'transport close');
    const attachment = '51-["all",{"_placeholder":true,"num":0}]';
    const written = conn.written.filter((_frame, i) => i % 2 === 0);
    assert.deepEqual(written, ['0', '2["hello"]', attachment, Buffer.from([1])]);
    assert.deepEqual(conn.written[3], { compress: false });
    assert.deepEqual(seen, ['1', false, 1, 'transport close']);
  });

  it('104: an error of a foreign connection is an error event, and closes it', async () => {
    const conn = new LeanConn();
    const seen: unknown[] = [];
    const io = new Server().onconnection(conn as never);
    io.on('connection', (socket) => socket.on('error', (error) => seen.push(error.message)));
    await settle();
    conn.emit('error', new Error('broken'));
    assert.deepEqual([seen, conn.closed], [['broken'], true]);
  });

  it('105: volatile emits on an interval stop with clearInterval in disconnect', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { io, engine } = fakeServer();
    io.on('connection', (socket) => {
      const tweets = setInterval(() => socket.volatile.emit('tweet'), 100);
      socket.on('disconnect', () => clearInterval(tweets));
    });
    const conn = await join(engine);
    t.mock.timers.tick(250);
    const [socket] = io.sockets.sockets.values();
    let late = 0;
    conn.drop();
    socket.onAnyOutgoing(() => late++);
    t.mock.timers.tick(250);
    assert.deepEqual([conn.taken(), late], [['2["tweet"]', '2["tweet"]'], 0]);
  });

  it('106: acknowledgements both ways, send and message, and broadcast', async () => {
    const { io, engine } = fakeServer();
    const heard: unknown[] = [];
    io.on('connection', (socket) => {
      socket.on('ferret', (name, fn) => fn(`${name} woot`));
      socket.on('message', (text) => {
        heard.push(text);
        socket.broadcast.emit('user said', text);
      });
      socket.send('hi');
    });
    const a = engine.open();
    a.receive('0');
    await settle();
    const b = await join(engine);
    assert.deepEqual(a.taken().slice(1), ['2["message","hi"]']);
    a.receive('21["ferret","tobi"]', '2["message","yo"]');
    assert.deepEqual(a.taken(), ['31["tobi woot"]']);
    assert.deepEqual([heard, b.taken()], [['yo'], ['2["user said","yo"]']]);
  });

  it('107: to(room, text) emits nothing and leaves nothing behind for the next emit', async () => {
    const { io, engine } = fakeServer();
    const conn = await join(engine);
    (io.to as Function)('room 237', 'text');
    io.emit('to all');
    assert.deepEqual(conn.taken(), ['2["to all"]']);
  });
});
