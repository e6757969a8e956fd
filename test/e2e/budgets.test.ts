/**
 * What strangers may use before they are known: bodies, URLs, heads, sessions without a namespace, sessions in all. Each
 * limit closes only what ran into it. Raw requests to real servers.
 */
import assert from 'node:assert/strict';
import { connect, type Socket as TcpSocket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setInterval } from 'node:timers/promises';
import { RawConnection } from '../compat/raw-connection.ts';
import { closeConnection, openClient } from '../support/clients.ts';
import { joinMain, openSession, POLLING, send, sendUpgrade, WEBSOCKET } from '../support/http.ts';
import { ownServer } from '../support/own-server.ts';
import { waitFor, waitForAll, within } from '../support/wait-for.ts';

const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

function raw(t: TestContext, port: number, text: string): RawConnection {
  const connection = new RawConnection(port);
  t.after(() => connection.destroy());
  connection.write(text);
  return connection;
}

/** A WebSocket that stays open. */
async function openSocket(t: TestContext, port: number): Promise<RawConnection | undefined> {
  const connection = raw(t, port, `GET ${WEBSOCKET} HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`);
  const head = await connection.head();
  return head?.status === 101 ? connection : undefined;
}

const halfPost = (sid: string): string =>
  `POST ${POLLING}&sid=${sid} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n42["m`;

describe('bodyTimeout', () => {
  it('answers a half-sent body with 408 and ends its session, on whichever thread', async (t) => {
    const { io, port } = ownServer(t, { bodyTimeout: 100, ioThreads: 2 });
    for (let i = 0; i < 4; i++) {
      const connected = waitFor(io, 'connection');
      const { sid } = await openSession(port);
      await joinMain(port, sid);
      const [socket] = await connected;
      const gone = waitFor(socket, 'disconnect');
      const response = await raw(t, port, halfPost(sid)).response();
      assert.equal(response?.status, 408);
      assert.equal((await gone)[0], 'transport error');
    }
  });

  it('is 20 s unless told otherwise; a slow client that makes progress may take longer', async (t) => {
    const { io, port } = ownServer(t);
    const join = async () => {
      const connected = waitFor(io, 'connection');
      const { sid } = await openSession(port);
      await joinMain(port, sid);
      return { sid, socket: (await connected)[0] };
    };
    const stalled = await join();
    const slow = await join();
    const text = `42["m","${'x'.repeat(400_000)}"]`;
    const head = `POST ${POLLING}&sid=${slow.sid} HTTP/1.1\r\nHost: a\r\nContent-Length: ${text.length}\r\n\r\n`;
    const slowPost = raw(t, port, head);
    const stalledPost = connect(port, '127.0.0.1');
    t.after(() => stalledPost.destroy());
    stalledPost.write(halfPost(stalled.sid));
    let answered = false;
    const answer = new Promise<string>((resolve) => {
      stalledPost.on('data', (chunk) => resolve(String(chunk)));
      stalledPost.on('close', () => resolve('dropped'));
    }).finally(() => {
      answered = true;
    });
    // A twentieth of what uWebSockets.js wants to see, for longer than either time-out.
    let sent = 0;
    for await (const _ of setInterval(250)) {
      if (answered) break;
      slowPost.write(text.slice(sent, sent + 256));
      sent += 256;
    }
    const received = waitFor(slow.socket, 'm');
    slowPost.write(text.slice(sent));
    assert.match(await answer, /^HTTP\/1\.1 408 /);
    assert.equal((await slowPost.response())?.body.toString(), 'ok');
    assert.equal((await received)[0].length, 400_000);
  });

  it('holds for a body that nobody has looked at yet, too', async (t) => {
    const { io, port, engine } = ownServer(t, { bodyTimeout: 100 });
    const connected = waitFor(io, 'connection');
    const { sid } = await openSession(port);
    await joinMain(port, sid);
    const [socket] = await connected;
    let pass = (): void => {};
    const parked = new Promise<void>((resolve) => {
      engine.use((_req: unknown, _res: unknown, next: () => void) => {
        pass = next;
        resolve();
      });
    });
    const connection = raw(t, port, halfPost(sid));
    await within(parked, 'the question');
    assert.equal((await connection.response())?.status, 408);
    const gone = waitFor(socket, 'disconnect');
    pass();
    assert.equal((await gone)[0], 'transport error');
  });

  it('does not count against an answer that has to wait', async (t) => {
    const { io, port, engine } = ownServer(t, { bodyTimeout: 50 });
    const connected = waitFor(io, 'connection');
    const { sid } = await openSession(port);
    await joinMain(port, sid);
    const [socket] = await connected;
    engine.use((_req: unknown, _res: unknown, next: () => void) => setTimeout(next, 200));
    const received = waitFor(socket, 'm');
    const post = await send(port, `${POLLING}&sid=${sid}`, { method: 'POST', body: '42["m"]' });
    assert.equal(post.text, 'ok');
    await received;
  });
});

describe('sessions without a namespace', () => {
  for (const [name, options, status, ioThreads] of [
    ['maxPendingPerAddress', { maxPendingPerAddress: 3 }, 429, 1],
    ['maxPending', { maxPending: 3 }, 503, 1],
    ['maxPendingPerAddress', { maxPendingPerAddress: 3 }, 429, 3],
    ['maxPending', { maxPending: 3 }, 503, 3],
  ] as const) {
    it(`${name}: further ones are refused until one joins or goes, I/O threads: ${ioThreads}`, async (t) => {
      const { io, port, engine } = ownServer(t, { ...options, ioThreads });
      const sids: string[] = [];
      for (let i = 0; i < 3; i++) {
        const seen = waitFor(engine, 'connection'); // before another I/O thread's session can take its place
        sids.push((await openSession(port)).sid);
        await seen;
      }
      await refusedSoon(port, status);
      const report = waitFor(engine, 'connection_error', ({ code }) => code === 4);
      const upgraded = await within(refusedUpgrade(port), 'a refused WebSocket');
      assert.deepEqual([upgraded.status, upgraded.text], [status, 'Too many connections without a namespace']);
      assert.deepEqual((await report)[0].context, { message: 'Too many connections without a namespace' });
      assert.equal(io.engine.clientsCount, 3, 'those before are let be');
      await joinMain(port, sids[0]);
      await within(admitted(port), 'room for one more');
      await refusedSoon(port, status);
      await send(port, `${POLLING}&sid=${sids[1]}`, { method: 'POST', body: '1' }); // closes
      await within(admitted(port), 'room for one more');
    });
  }

  it('are refused by the threads that counted them under an IPv6 network', async (t) => {
    const { port } = ownServer(t, { maxPendingPerAddress: 1, host: '::1' });
    const status = async (): Promise<number> => (await fetch(`http://[::1]:${port}${POLLING}`)).status;
    assert.equal(await status(), 200);
    const refused = async (): Promise<void> => {
      while ((await status()) !== 429); // the I/O thread hears of the limit a moment after it was reached
    };
    await within(refused(), 'status 429');
  });

  it('never get in beyond the limit, however many come at once', async (t) => {
    const { io, port } = ownServer(t, { maxPending: 5, ioThreads: 3 });
    let most = 0;
    io.engine.on('connection', () => {
      most = Math.max(most, io.engine.clientsCount);
    });
    const answers = await Promise.all(Array.from({ length: 40 }, () => send(port, POLLING)));
    assert.ok(answers.some(({ status }) => status === 200));
    await refusedSoon(port, 503);
    assert.equal(most, 5);
  });

  /** The I/O threads hear of the limit a moment after it was reached; what slips through meanwhile is closed. */
  async function refusedSoon(port: number, status: number): Promise<void> {
    const until = async (): Promise<void> => {
      for (let inARow = 0; inARow < 10; ) {
        const answer = await send(port, POLLING);
        inARow = answer.status === status ? inARow + 1 : 0;
        if (answer.status !== 200) assert.deepEqual([answer.status, JSON.parse(answer.text).code], [status, 4]);
      }
    };
    await within(until(), `status ${status}`);
  }

  async function refusedUpgrade(port: number) {
    for (;;) {
      const answer = await sendUpgrade(port);
      if (!answer.upgraded) return answer;
    }
  }

  async function admitted(port: number): Promise<void> {
    for (;;) {
      const { status, text } = await send(port, POLLING);
      if (status !== 200) continue;
      const { sid } = JSON.parse(text.slice(1));
      // Let in for good: a session beyond the limit is closed at once, and its id unknown.
      const post = await send(port, `${POLLING}&sid=${sid}`, { method: 'POST', body: '3' });
      if (post.status === 200) return;
    }
  }

  it('do not include those that have one', async (t) => {
    const { io, port } = ownServer(t, { maxPending: 1 });
    for (let i = 0; i < 5; i++) {
      const connected = waitFor(io, 'connection');
      const client = openClient(4, port, '/', { reconnection: true, reconnectionDelay: 1 });
      t.after(() => closeConnection(client));
      await connected;
    }
    assert.equal(io.engine.clientsCount, 5);
  });

  it('are closed after connectTimeout', async (t) => {
    const { port, engine } = ownServer(t, { connectTimeout: 50 });
    const opened = waitFor(engine, 'connection');
    const socket = await openSocket(t, port);
    const [conn] = await opened;
    assert.equal((await waitFor(conn, 'close'))[0], 'forced close');
    await socket?.drained();
  });
});

describe('maxConnections', () => {
  for (const ioThreads of [1, 2, 3]) {
    it(`holds for all transports together, I/O threads: ${ioThreads}`, async (t) => {
      const { io, port } = ownServer(t, { maxConnections: 6, ioThreads });
      const open: RawConnection[] = [];
      const sessions: string[] = [];
      for (let i = 0; i < 3; i++) sessions.push((await openSession(port)).sid);
      for (let i = 0; i < 20; i++) {
        const socket = await openSocket(t, port);
        if (socket !== undefined) open.push(socket);
      }
      assert.equal(open.length + sessions.length, 6);
      const polled = await send(port, POLLING);
      assert.deepEqual([polled.status, JSON.parse(polled.text)], [503, { code: 4, message: 'Too many connections' }]);
      const upgraded = await sendUpgrade(port);
      assert.deepEqual([upgraded.status, upgraded.text], [503, 'Too many connections']);
      // An upgrade is no further session.
      assert.equal((await sendUpgrade(port, `${WEBSOCKET}&sid=${sessions[0]}`)).status, 101);
      open[0].destroy();
      const room = async (): Promise<void> => {
        while ((await send(port, POLLING)).status !== 200);
      };
      await within(room(), 'room for one more');
      assert.ok(io.engine.clientsCount <= 6);
    });
  }

  it('holds when many come at once on several threads', async (t) => {
    const { io, port } = ownServer(t, { maxConnections: 10, ioThreads: 3 });
    const answers = await Promise.all(Array.from({ length: 60 }, () => send(port, POLLING)));
    const admitted = answers.filter(({ status }) => status === 200).length;
    assert.ok(admitted > 0 && admitted <= 10, `${admitted} were admitted`);
    const { total } = (io.engine as any).stats();
    assert.equal(total.sessionsOpened - total.sessionsClosed, admitted);
  });
});

describe('requests', () => {
  it('with a URL over maxUrlBytes are answered 414, on either transport', async (t) => {
    const { port } = ownServer(t, { maxUrlBytes: 200 });
    const fits = `${POLLING}&x=`.padEnd(200, 'x');
    assert.equal((await send(port, fits)).status, 200);
    assert.equal((await send(port, `${fits}x`)).status, 414);
    assert.equal((await sendUpgrade(port, `${WEBSOCKET}&x=`.padEnd(201, 'x'))).status, 414);
    assert.equal((await send(port, POLLING)).status, 200);
  });

  it('with headers over maxHeaderBytes are answered 431, on either transport; others go on', async (t) => {
    const { port } = ownServer(t, { maxHeaderBytes: 600 });
    const long = { 'x-long': 'x'.repeat(600) };
    const { sid } = await openSession(port);
    assert.equal((await send(port, POLLING, { headers: long })).status, 431);
    assert.equal((await send(port, `${POLLING}&sid=${sid}`, { headers: long })).status, 431);
    assert.equal((await sendUpgrade(port, WEBSOCKET, long)).status, 431);
    await joinMain(port, sid);
  });

  it('may have a head of 16 KiB and no more', async (t) => {
    const { port } = ownServer(t);
    const cookie = (bytes: number) => ({ headers: { Cookie: `c=${'x'.repeat(bytes)}` } });
    assert.equal((await send(port, POLLING, cookie(15_000))).status, 200);
    assert.equal((await send(port, POLLING, cookie(17_000))).status, 431);
    assert.equal((await send(port, `${POLLING}&x=${'x'.repeat(8000)}`)).status, 200, 'the default of maxUrlBytes');
    assert.equal((await send(port, `${POLLING}&x=${'x'.repeat(8192)}`)).status, 414);
  });

  it('carry as many of the smallest events as their bytes allow, and no more packets; one with more ends its session', async (t) => {
    const { io, port } = ownServer(t);
    const connected = waitFor(io, 'connection');
    const { sid } = await openSession(port);
    await joinMain(port, sid);
    const [socket] = await connected;
    const path = `${POLLING}&sid=${sid}`;
    const body = (packets: number, packet = '3'): string => new Array(packets).fill(packet).join('\x1e');
    const counted = waitForAll(socket, 'a', { count: 125_000 });
    assert.equal((await send(port, path, { method: 'POST', body: body(125_000, '42["a"]') })).text, 'ok');
    await counted;
    assert.equal(socket.connected, true);
    const gone = waitFor(socket, 'disconnect');
    await send(port, path, { method: 'POST', body: body(125_001) });
    assert.equal((await gone)[0], 'parse error');
  });

  it('that are never completed are dropped, and connections that ask nothing', async (t) => {
    const { port } = ownServer(t);
    const halfHead = connect(port, '127.0.0.1');
    halfHead.write(`GET ${POLLING} HTTP/1.1\r\nHost: a\r\nX-Slow:`);
    const silent = connect(port, '127.0.0.1');
    const idle = connect(port, '127.0.0.1');
    idle.write(`GET ${POLLING}&sid=none HTTP/1.1\r\nHost: a\r\n\r\n`);
    const ended = (socket: TcpSocket): Promise<void> =>
      new Promise((resolve) => {
        socket.on('error', () => {}); // a reset is an ending like any other
        socket.on('close', () => resolve());
        socket.resume();
      });
    await within(Promise.all([halfHead, silent, idle].map(ended)), 'the end of idle connections');
  });
});

describe('upgradeTimeout', () => {
  it('ends a WebSocket that never probes, and the session goes on polling', async (t) => {
    const { io, port } = ownServer(t, { upgradeTimeout: 50, pingInterval: 200 });
    const connected = waitFor(io, 'connection');
    const { sid } = await openSession(port);
    await joinMain(port, sid);
    const [socket] = await connected;
    const candidate = raw(t, port, `GET ${WEBSOCKET}&sid=${sid} HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`);
    assert.equal((await candidate.head())?.status, 101);
    await candidate.drained();
    const received = waitFor(socket, 'm');
    assert.equal((await send(port, `${POLLING}&sid=${sid}`, { method: 'POST', body: '42["m"]' })).text, 'ok');
    await received;
    assert.equal(socket.conn.transport.name, 'polling');
  });
});
