/**
 * An I/O thread that throws while a session upgrades from one thread to another. The client is made of bare requests, each
 * on a connection whose thread it knows, and stops where the test wants it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import type { Engine } from '../../core/api/engine.ts';
import { Server, type Socket } from '../../core/index.ts';
import { threadOfSid } from '../../core/session/sid.ts';
import { text } from '../compat/frame-bytes.ts';
import { RawConnection } from '../compat/raw-connection.ts';
import { within } from '../support/wait-for.ts';
import { Crowd, portOf, until } from './crowd.ts';

const BASE = '/socket.io/?EIO=4&transport=';
const CROWD = 40;
const THREADS = 3;

/** A connection that stays on the I/O thread where its first request came in. */
interface Line {
  readonly connection: RawConnection;
  readonly sid: string;
  readonly thread: number;
}

/** A client that polls and upgrades only as far as it is told. */
class Traveller {
  readonly #t: TestContext;
  readonly #port: number;
  readonly polls: Line;
  readonly posts: Line;
  socketLine: Line;
  readonly received: string[] = [];
  #isPolling = false;

  private constructor(t: TestContext, port: number, lines: readonly [Line, Line, Line]) {
    this.#t = t;
    this.#port = port;
    [this.polls, this.posts, this.socketLine] = lines;
  }

  /** On the main namespace; posts and the WebSocket reach other threads than the session's. */
  static async join(t: TestContext, io: Server): Promise<{ client: Traveller; socket: Socket }> {
    const port = portOf(io);
    const polls = await openLine(t, port, () => true);
    const posts = await openLine(t, port, (thread) => thread !== polls.thread);
    const sockets = await openLine(t, port, (thread) => thread !== polls.thread && thread !== posts.thread);
    const client = new Traveller(t, port, [polls, posts, sockets]);
    const arrival = within(once(io, 'connection'), 'the session');
    await client.post('40');
    const [socket] = (await arrival) as [Socket];
    client.poll();
    assert.match((await client.answer())[0], /^40/);
    return { client, socket };
  }

  get #query(): string {
    return `&sid=${this.polls.sid}`;
  }

  /** Begins a poll, unless one is under way. */
  poll(): void {
    if (this.#isPolling) return;
    this.#isPolling = true;
    this.polls.connection.write(`GET ${BASE}polling${this.#query} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  }

  /** Packets of the poll that was begun. */
  async answer(): Promise<string[]> {
    const response = await this.polls.connection.response();
    this.#isPolling = false;
    assert.equal(response?.status, 200);
    const packets = String(response?.body).split('\x1e');
    this.received.push(...packets.filter((packet) => packet.startsWith('42')));
    return packets;
  }

  async post(body: string): Promise<void> {
    const head = `POST ${BASE}polling${this.#query} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}`;
    this.posts.connection.write(`${head}\r\n\r\n${body}`);
    assert.equal((await this.posts.connection.response())?.status, 200);
  }

  /** Asks for the WebSocket on the third line. */
  async open(): Promise<void> {
    const { connection } = this.socketLine;
    connection.write(
      `GET ${BASE}websocket${this.#query} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    assert.equal((await connection.response())?.status, 101);
  }

  async probe(): Promise<void> {
    this.socketLine.connection.write(text('2probe'));
    assert.equal(await this.frame(), '3probe');
  }

  /** Next frame of the WebSocket, undefined when that has ended without one. */
  async frame(): Promise<string | undefined> {
    const frame = await this.socketLine.connection.frame();
    if (frame === undefined || frame.opcode === 8) return undefined;
    const packet = frame.payload.toString();
    if (packet.startsWith('42')) this.received.push(packet);
    return packet;
  }

  /** Another connection for the WebSocket, on a thread that is not the session's. */
  async lineUpAgain(): Promise<void> {
    this.socketLine = await openLine(this.#t, this.#port, (thread) => thread !== this.polls.thread);
  }

  /** The whole of an upgrade; resolves when the application has been told. */
  async upgrade({ conn }: Socket): Promise<void> {
    await this.open();
    await this.probe();
    const upgraded = within(once(conn as never, 'upgrade'), 'the upgrade');
    this.socketLine.connection.write(text('5'));
    await upgraded;
  }
}

/** Opens connections until one is on a thread that suits; on each a session opens first, whose id names the thread. */
async function openLine(t: TestContext, port: number, suits: (thread: number) => boolean): Promise<Line> {
  const search = async (): Promise<Line> => {
    for (;;) {
      const connection = new RawConnection(port);
      t.after(() => connection.destroy());
      connection.write(`GET ${BASE}polling HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      const response = await connection.response(); // none from a thread that is about to end
      if (response === undefined) continue;
      const { sid } = JSON.parse(String(response.body).slice(1)) as { sid: string };
      const thread = threadOfSid(sid);
      if (suits(thread)) return { connection, sid, thread };
    }
  };
  return within(search(), 'a connection on that thread');
}

interface Scene {
  readonly io: Server;
  readonly crowd: Crowd;
  readonly client: Traveller;
  readonly socket: Socket;
  /** What the application heard from the client. */
  readonly heard: unknown[];
  readonly ends: string[];
}

async function setScene(t: TestContext): Promise<Scene> {
  const io = new Server(0, { ioThreads: THREADS });
  const crowd = new Crowd(io);
  t.after(() => {
    crowd.close();
    return io.close();
  });
  const { client, socket } = await Traveller.join(t, io);
  const heard: unknown[] = [];
  const ends: string[] = [];
  socket.on('said', (number) => heard.push(number));
  socket.on('disconnect', (reason) => ends.push(reason));
  await crowd.connect(CROWD);
  return { io, crowd, client, socket, heard, ends };
}

/** An I/O thread throws in the middle of a broadcast stream; resolves when the application knows. */
async function crash({ io, crowd }: Scene, thread: number): Promise<void> {
  const news = within(once(io.engine, 'thread_crash'), 'thread_crash');
  const victims = crowd.on(thread);
  await crowd.stream(60, { 20: () => (io.engine as Engine).crashThread(thread, 'during an upgrade') });
  await news;
  await crowd.ended(victims);
  for (const { ends } of victims) assert.deepEqual(ends, ['transport error']);
}

/** Nobody of the other threads has noticed, and the server takes sessions and upgrades as before. */
async function checkOthers(t: TestContext, { io, crowd }: Scene, dead: number): Promise<void> {
  await crowd.connectOn(dead);
  await crowd.settle();
  for (const { thread, ends } of crowd.alive) assert.deepEqual(ends, [], `on thread ${thread}`);
  for (let thread = 0; thread < THREADS; thread++) assert.ok(crowd.on(thread).some(({ closed }) => !closed));
  const { client, socket } = await Traveller.join(t, io);
  await client.upgrade(socket);
  const news = client.frame();
  socket.emit('news');
  assert.equal(await news, '42["news"]');
}

const number = (n: number): string => `42["number",${n}]`;
/** Broadcasts to the crowd reach the client as well. */
const numbers = ({ received }: Traveller): string[] => received.filter((packet) => packet.startsWith('42["number"'));

/** How far the client has come when the thread dies. */
const MOMENTS: Readonly<Record<string, (client: Traveller) => Promise<void>>> = {
  'while its WebSocket is open and a poll held': async (client) => {
    client.poll();
    await client.open();
  },
  'when its probe was answered and the upgrade packet is due': async (client) => {
    client.poll();
    await client.open();
    await client.probe();
    assert.deepEqual(await client.answer(), ['6']);
  },
};

for (const [moment, reach] of Object.entries(MOMENTS)) {
  describe(`a crash during an upgrade, ${moment},`, () => {
    it('of the thread with the WebSocket leaves the session on polling, and nothing is lost', async (t) => {
      const scene = await setScene(t);
      const { client, socket, heard, ends } = scene;
      await client.post('42["said",1]');
      socket.emit('number', 1);
      client.poll();
      await client.answer();
      await reach(client);
      const { thread } = client.socketLine;
      socket.emit('number', 2);
      await crash(scene, thread);
      assert.equal(await client.frame(), undefined);
      socket.emit('number', 3);
      await client.post('42["said",2]');
      await until('the post', () => heard.length === 2);
      while (numbers(client).length < 3) {
        client.poll();
        await client.answer();
      }
      assert.equal(socket.conn.transport.name, 'polling');

      await client.lineUpAgain();
      await client.upgrade(socket);
      client.socketLine.connection.write(text('42["said",3]'));
      socket.emit('number', 4);
      while (numbers(client).length < 4) await client.frame();
      await until('the frame', () => heard.length === 3);
      assert.deepEqual(numbers(client), [1, 2, 3, 4].map(number));
      assert.deepEqual(heard, [1, 2, 3]);
      assert.deepEqual(ends, []);
      await checkOthers(t, scene, thread);
    });

    it('of the thread with the session ends that, and its WebSocket with it', async (t) => {
      const scene = await setScene(t);
      const { client, socket, ends } = scene;
      await reach(client);
      const { thread } = client.polls;
      const ended = within(once(socket as never, 'disconnect'), 'the end');
      await crash(scene, thread);
      await ended;
      assert.deepEqual(ends, ['transport error']);
      assert.equal(await client.frame(), undefined);
      await client.polls.connection.drained(); // a held poll may have been answered before
      await checkOthers(t, scene, thread);
    });
  });
}

describe('a crash after an upgrade', () => {
  it('of the thread that the session has left does not touch it', async (t) => {
    const scene = await setScene(t);
    const { client, socket, heard, ends } = scene;
    await client.upgrade(socket);
    socket.emit('number', 1);
    await client.frame();
    await crash(scene, client.polls.thread);
    socket.emit('number', 2);
    client.socketLine.connection.write(text('42["said",1]'));
    while (numbers(client).length < 2) await client.frame();
    await until('the frame', () => heard.length === 1);
    assert.deepEqual(ends, []);
    await checkOthers(t, scene, client.polls.thread);
  });

  it('of the thread that it moved to ends it', async (t) => {
    const scene = await setScene(t);
    const { client, socket, ends } = scene;
    await client.upgrade(socket);
    const ended = within(once(socket as never, 'disconnect'), 'the end');
    await crash(scene, client.socketLine.thread);
    await ended;
    assert.deepEqual(ends, ['transport error']);
    await checkOthers(t, scene, client.socketLine.thread);
  });
});
