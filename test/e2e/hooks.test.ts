/**
 * The application's say in requests: allowRequest, generateId, middleware, header events, connection_error. Raw requests
 * and stock clients on real servers.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type ClientOptions, closeConnection, generations, openClient } from '../support/clients.ts';
import { joinMain, openSession, POLLING, send, sendUpgrade, WEBSOCKET } from '../support/http.ts';
import { ownServer } from '../support/own-server.ts';
import { waitFor, waitForAll, within } from '../support/wait-for.ts';

type Decide = (error: any, allow: boolean) => void;

function open(t: TestContext, port: number, options: ClientOptions = {}, generation: 2 | 3 | 4 = 4) {
  const client = openClient(generation, port, '/', options);
  t.after(() => closeConnection(client));
  return client;
}

describe('10: allowRequest', () => {
  it('sees each handshake once, on either transport, and may decide later', async (t) => {
    const seen: string[] = [];
    const allowRequest = (req: any, decide: Decide) => {
      seen.push(req._query.transport);
      setImmediate(decide, null, true);
    };
    const { io, port } = ownServer(t, { allowRequest });
    for (const generation of generations) {
      const connected = waitFor(io, 'connection');
      open(t, port, { transports: ['polling', 'websocket'] }, generation);
      const [socket] = await connected;
      if (!socket.conn.upgraded) await waitFor(socket.conn, 'upgrade');
    }
    assert.deepEqual(seen, ['polling', 'polling', 'polling'], 'the upgrade belongs to an admitted session');
    const connected = waitFor(io, 'connection');
    open(t, port);
    await connected;
    assert.equal(seen.at(-1), 'websocket');
  });

  for (const [name, error, body, text] of [
    ['a text', 'no such user', { code: 4, message: 'no such user' }, 'no such user'],
    ['a number', 2, { code: 4, message: 2 }, '2'],
    ['nothing', null, { code: 4, message: 'Forbidden' }, 'Forbidden'],
    ['an empty text', '', { code: 4, message: 'Forbidden' }, 'Forbidden'],
  ] as const) {
    it(`refuses with ${name}: 403 with a body for polling, 400 with a text for WebSockets`, async (t) => {
      const { port, engine } = ownServer(t, { allowRequest: (_req: unknown, decide: Decide) => decide(error, false) });
      const reports = waitForAll(engine, 'connection_error', { count: 2 });
      const polled = await send(port, POLLING);
      assert.deepEqual([polled.status, JSON.parse(polled.text)], [403, body]);
      const upgraded = await sendUpgrade(port);
      assert.deepEqual([upgraded.status, upgraded.text], [400, text]);
      for (const [{ code, message, context }] of await reports) {
        assert.deepEqual([code, message, context], [4, 'Forbidden', { message: error }]);
      }
    });
  }

  it('admits by its second argument alone', async (t) => {
    const { port } = ownServer(t, {
      allowRequest: (_req: unknown, decide: Decide) => decide('odd, but welcome', true),
    });
    assert.equal((await send(port, POLLING)).status, 200);
    assert.equal((await sendUpgrade(port)).status, 101);
  });

  it('replaces the check of origins', async (t) => {
    const allowRequest = (_req: unknown, decide: Decide) => decide(null, true);
    const { port } = ownServer(t, { allowRequest, origins: 'https://app.example:443' });
    assert.equal((await send(port, POLLING, { headers: { Origin: 'https://evil.example' } })).status, 200);
  });

  for (const upgrade of [false, true]) {
    it(`deciding after the client has left opens nothing, ${upgrade ? 'WebSocket' : 'polling'}`, async (t) => {
      let decide: Decide = () => {};
      let ask = (): void => {};
      const asked = new Promise<void>((resolve) => {
        ask = resolve;
      });
      const allowRequest = (req: any, callback: Decide) => {
        if (req._query.late === undefined) return callback(null, true);
        decide = callback;
        ask();
      };
      const { io, port } = ownServer(t, { allowRequest, maxConnections: 1 });
      const tcp = connect(port, '127.0.0.1');
      const path = upgrade ? `${WEBSOCKET}&late=1` : `${POLLING}&late=1`;
      const head = upgrade
        ? 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
        : '';
      tcp.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n${head}\r\n`);
      await within(asked, 'the question');
      await new Promise<void>((resolve) => {
        tcp.once('close', () => resolve());
        tcp.resetAndDestroy();
      });
      assert.equal((await send(port, `${POLLING}&sid=none`)).status, 400, 'the thread has seen the reset');
      decide(null, true);
      // There is one place: had the late one taken it, nobody else could come.
      const connected = waitFor(io, 'connection');
      open(t, port);
      await connected;
      assert.equal(io.engine.clientsCount, 1);
    });
  }

  it('59: sees the request that sockets have, with what it hung on it', async (t) => {
    const allowRequest = (req: any, decide: Decide) => {
      req.user = { name: 'ann' };
      decide(null, true);
    };
    const { io, port } = ownServer(t, { allowRequest });
    for (const transports of [['polling'], ['websocket']]) {
      const connected = waitFor(io, 'connection');
      open(t, port, { transports });
      const [socket] = await connected;
      assert.equal(socket.request.user.name, 'ann');
      assert.equal(socket.request, socket.conn.request);
      assert.equal(socket.request, socket.client.request);
      assert.equal(socket.handshake.headers, socket.request.headers);
    }
  });
});

describe('18: generateId', () => {
  it('makes the ids of sessions, at once or later, which then work on every I/O thread and transport', async (t) => {
    const { io, port, engine } = ownServer(t, { ioThreads: 3 });
    let made = 0;
    engine.generateId = (req: any) => {
      const id = `custom-${req._query.EIO}-${++made}`;
      return made % 2 === 0 ? id : new Promise((resolve) => setImmediate(resolve, id));
    };
    for (let round = 0; round < 4; round++) {
      for (const generation of generations) {
        const connected = waitFor(io, 'connection');
        const client = open(t, port, { transports: ['polling', 'websocket'] }, generation);
        const [socket] = await connected;
        assert.equal(socket.conn.id, `custom-${generation === 2 ? 3 : 4}-${made}`);
        if (generation === 2) assert.equal(socket.id, socket.conn.id);
        if (!socket.conn.upgraded) await waitFor(socket.conn, 'upgrade');
        const echoed = waitFor(socket, 'echo');
        client.emit('echo', round);
        assert.deepEqual(await echoed, [round]);
      }
    }
    const { sid, headers } = await openSession(port);
    assert.equal(sid, `custom-4-${made}`);
    assert.equal(headers['set-cookie'], undefined);
    await joinMain(port, sid); // an event before the answer to its CONNECT would end the session
    for (let i = 0; i < 8; i++) {
      const post = await send(port, `${POLLING}&sid=${sid}`, { method: 'POST', body: '42["x"]' });
      assert.equal(post.text, 'ok', 'whichever thread the request lands on');
    }
    assert.equal((await send(port, `${POLLING}&sid=custom-none`)).status, 400);
  });

  it('that fails refuses the handshake with code 3 and says why', async (t) => {
    const { port, engine } = ownServer(t);
    const trouble = new Error('no ids left');
    for (const generateId of [
      () => Promise.reject(trouble),
      () => {
        throw trouble;
      },
    ]) {
      engine.generateId = generateId;
      const reports = waitForAll(engine, 'connection_error', { count: 2 });
      await untilHooked(port);
      const polled = await send(port, POLLING);
      assert.deepEqual([polled.status, polled.text], [400, '{"code":3,"message":"Bad request"}']);
      for (const [{ code, context }] of await reports) {
        assert.equal(code, 3);
        assert.equal(context.name, 'ID_GENERATION_ERROR');
        assert.equal(context.error, trouble);
      }
    }

    async function untilHooked(of: number): Promise<void> {
      while ((await send(of, POLLING)).status !== 400);
    }
  });

  it('may give no id that is in use, or that is no id', async (t) => {
    const { io, port, engine } = ownServer(t, { ioThreads: 2 });
    let next: unknown = 'same';
    engine.generateId = () => next;
    engine.on('connection_error', () => {});
    const connected = waitFor(io, 'connection');
    const first = open(t, port, { transports: ['polling'] });
    const [socket] = await connected;
    const second = await send(port, POLLING);
    assert.deepEqual([second.status, JSON.parse(second.text).code], [400, 3]);
    const gone = waitFor(socket, 'disconnect');
    closeConnection(first);
    await gone;
    assert.equal((await openSession(port)).sid, 'same', 'it is free again');
    for (next of ['', 'with space', 'é', 'x'.repeat(257)]) {
      const report = waitFor(engine, 'connection_error');
      assert.equal((await send(port, POLLING)).status, 400);
      assert.equal((await report)[0].context.name, 'ID_GENERATION_ERROR');
    }
  });

  it('given to two handshakes at the same time goes to one of them', async (t) => {
    const { port, engine } = ownServer(t, { ioThreads: 2 });
    const waiting: ((id: string) => void)[] = [];
    const both = new Promise<void>((resolve) => {
      engine.generateId = () =>
        new Promise<string>((made) => {
          waiting.push(made);
          if (waiting.length === 2) resolve();
        });
    });
    const answers = [send(port, POLLING), send(port, POLLING)];
    await within(both, 'both questions');
    for (const made of waiting) made('same');
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    assert.deepEqual(statuses.sort(), [200, 400]);
  });

  it('is free again when the origin was refused after all', async (t) => {
    const { port, engine } = ownServer(t, { cors: { origin: 'https://app.example' } });
    engine.generateId = () => 'mine';
    const foreign = await sendUpgrade(port, WEBSOCKET, { Origin: 'https://evil.example' });
    assert.equal(foreign.status, 400);
    const retry = async (): Promise<void> => {
      while ((await send(port, POLLING)).status !== 200);
    };
    await within(retry(), 'the id to be free');
  });

  it('frees an id whose client left before its session opened', async (t) => {
    let answer = (_id: string): void => {};
    const { port, engine } = ownServer(t);
    const asked = new Promise<void>((resolve) => {
      engine.generateId = () => {
        resolve();
        return new Promise<string>((made) => {
          answer = made;
        });
      };
    });
    const tcp = connect(port, '127.0.0.1');
    tcp.write(`GET ${POLLING} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await within(asked, 'the question');
    await new Promise<void>((resolve) => {
      tcp.once('close', () => resolve());
      tcp.resetAndDestroy();
    });
    assert.equal((await send(port, `${POLLING}&sid=none`)).status, 400, 'the thread has seen the reset');
    answer('mine');
    engine.generateId = () => 'mine';
    const retry = async (): Promise<void> => {
      while ((await send(port, POLLING)).status !== 200);
    };
    await within(retry(), 'the id to be free');
  });
});

describe('engine.use', () => {
  it('runs functions in order, with every request of a session', async (t) => {
    const { port, engine } = ownServer(t);
    const steps: string[] = [];
    for (const name of ['a', 'b']) {
      engine.use((req: any, res: any, next: () => void) => {
        steps.push(`${name} ${req.method}`);
        res.setHeader(`X-${name}`, String(steps.length));
        next();
      });
    }
    const { sid, headers } = await openSession(port);
    assert.deepEqual([headers['x-a'], headers['x-b']], ['1', '2']);
    const post = await send(port, `${POLLING}&sid=${sid}`, { method: 'POST', body: '40' });
    assert.deepEqual([post.text, post.headers['x-b']], ['ok', '4']);
    assert.deepEqual(steps, ['a GET', 'b GET', 'a POST', 'b POST']);
  });

  it('refuses with 400 and code 3 when one fails', async (t) => {
    const { port, engine } = ownServer(t);
    engine.use((_req: unknown, _res: unknown, next: (error: Error) => void) => next(new Error('no')));
    const reports = waitForAll(engine, 'connection_error', { count: 2 });
    const polled = await send(port, POLLING);
    assert.deepEqual([polled.status, polled.text], [400, '{"code":3,"message":"Bad request"}']);
    const upgraded = await sendUpgrade(port);
    assert.deepEqual([upgraded.status, upgraded.text], [400, 'Bad request']);
    for (const [{ code, context }] of await reports) {
      assert.deepEqual([code, context], [3, { name: 'MIDDLEWARE_FAILURE' }]);
    }
  });

  it('lets one answer by itself', async (t) => {
    const { port, engine } = ownServer(t);
    engine.use((_req: unknown, res: any) => {
      res.writeHead(429, { 'Retry-After': '5', 'Content-Type': 'text/plain' });
      res.end('slow down');
    });
    for (const answer of [await send(port, POLLING), await sendUpgrade(port)]) {
      assert.deepEqual([answer.status, answer.text, answer.headers['retry-after']], [429, 'slow down', '5']);
    }
  });

  it('never lets a header break its line', async (t) => {
    const { port, engine } = ownServer(t);
    let thrown: unknown;
    engine.use((_req: unknown, res: any, next: () => void) => {
      try {
        res.setHeader('X-Name', 'a\r\nSet-Cookie: evil=1');
      } catch (error) {
        thrown = error;
      }
      next();
    });
    assert.equal((await openSession(port)).headers['set-cookie'], undefined);
    assert.ok(thrown instanceof TypeError);
  });
});

describe('3.6: header events', () => {
  it('change the headers of the first answer and of all, the 101 included', async (t) => {
    const { port, engine } = ownServer(t);
    engine.on('initial_headers', (headers: any, req: any) => {
      headers['x-initial'] = req._query.transport;
      headers['set-cookie'] = ['a=1', 'b=2'];
    });
    engine.on('headers', (headers: any, req: any) => {
      headers['x-each'] = req.method;
    });
    const { sid, headers } = await openSession(port);
    assert.deepEqual([headers['x-initial'], headers['x-each']], ['polling', 'GET']);
    assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2']);
    const post = await send(port, `${POLLING}&sid=${sid}`, { method: 'POST', body: '40' });
    assert.deepEqual([post.headers['x-initial'], post.headers['x-each']], [undefined, 'POST']);
    const upgraded = await sendUpgrade(port);
    assert.equal(upgraded.status, 101);
    assert.deepEqual([upgraded.headers['x-initial'], upgraded.headers['x-each']], ['websocket', 'GET']);
  });
});
