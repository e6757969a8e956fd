/**
 * express-session and cookie-parser, the real ones, through `io.engine.use`: a session outlives requests, transports and
 * connections, and is stored before the client has its answer.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it, type TestContext } from 'node:test';
import { generations } from '../support/clients.ts';
import { type Answer, openSession, POLLING, send, sendUpgrade } from '../support/http.ts';
import { waitFor, waitForAll } from '../support/wait-for.ts';
import { openThrough, openWay, upgraded, type Way } from '../support/ways.ts';

const require = createRequire(import.meta.url);
const session = require('express-session');
const cookieParser = require('cookie-parser');

/** Counts handshakes in `session.count`. */
async function openServer(t: TestContext, way: Way = 'port', options: object = {}) {
  const store = new session.MemoryStore();
  const opened = await openWay(t, way, { ioThreads: 1 });
  const engine = opened.io.engine as any;
  /** Ids of the session of every request. */
  const ids = new Set<string>();
  engine.use(cookieParser('secret of cookies'));
  engine.use(session({ secret: 'secret of sessions', resave: false, saveUninitialized: true, store, ...options }));
  engine.use((req: any, _res: unknown, next: () => void) => {
    ids.add(req.sessionID);
    if (req._query.sid === undefined) req.session.count = (req.session.count ?? 0) + 1;
    next();
  });
  return { ...opened, engine, store, ids };
}

type Opened = Awaited<ReturnType<typeof openServer>>;

const cookieOf = ({ headers }: Answer): string | undefined => headers['set-cookie']?.[0].split(';')[0];

/** What the store holds, by id. */
const stored = ({ store }: Opened): Record<string, any> =>
  Object.fromEntries(Object.entries(store.sessions).map(([id, text]) => [id, JSON.parse(text as string)]));

/** Waits for the socket of a client that the test opens. */
async function socketOf({ io }: Opened, open: () => unknown): Promise<any> {
  const connected = waitFor(io, 'connection');
  open();
  const [socket] = await connected;
  return socket;
}

describe('express-session', () => {
  for (const way of ['port', 'http'] as const) {
    it(`keeps a session over handshakes, requests and WebSockets, ${way}`, async (t) => {
      const server = await openServer(t, way);
      const { port, ids } = server;
      const first = await openSession(port);
      const Cookie = cookieOf(first) ?? assert.fail('no cookie in the answer');
      assert.match(Cookie, /^connect\.sid=s%3A/);
      const [id] = ids;
      assert.equal(stored(server)[id].count, 1);

      const path = `${POLLING}&sid=${first.sid}`;
      const post = await send(port, path, { method: 'POST', body: '40', headers: { Cookie } });
      const poll = await send(port, path, { headers: { Cookie } });
      const again = await openSession(port, POLLING, { headers: { Cookie } });
      const socket = await sendUpgrade(port, undefined, { Cookie });
      for (const answer of [post, poll, again, socket]) assert.equal(cookieOf(answer), undefined);
      assert.equal(socket.status, 101);
      assert.deepEqual([...ids], [id]);
      assert.equal(stored(server)[id].count, 3);

      const fresh = await sendUpgrade(port);
      assert.match(cookieOf(fresh) ?? '', /^connect\.sid=s%3A/);
      assert.equal(Object.keys(stored(server)).length, 2);
    });

    it(`is that of a stock client that keeps its cookies, before and after the upgrade, ${way}`, async (t) => {
      const server = await openServer(t, way);
      const options = { transports: ['polling', 'websocket'], withCredentials: true };
      const connected = waitFor(server.io, 'connection');
      const client = openThrough(t, server, 4, options);
      const [{ request }] = (await connected) as any;
      await upgraded(client);
      assert.deepEqual([...server.ids], [request.sessionID]);
      assert.equal(request.session.count, 1);
      assert.deepEqual(Object.keys(stored(server)), [request.sessionID]);
    });

    it(`is read and written by handlers of sockets, ${way}`, async (t) => {
      const server = await openServer(t, way);
      const cookie = cookieOf(await openSession(server.port)) ?? '';
      server.io.on('connection', (socket) => {
        const { session } = socket.request as any;
        socket.on('name', (name, done) => {
          session.reload((failed: unknown) => {
            if (failed) return done(String(failed));
            const { request } = socket as any;
            request.session.name = name;
            request.session.save((error: unknown) => done(String(error), request.session.count));
          });
        });
      });
      let count = 1;
      for (const transports of [['polling'], ['websocket']]) {
        for (const generation of generations) {
          const client = openThrough(t, server, generation, { transports, extraHeaders: { cookie } });
          const name = `${generation} ${transports}`;
          const answer = await new Promise((resolve) => {
            client.emit('name', name, (...args: unknown[]) => resolve(args));
          });
          count++;
          assert.deepEqual(answer, ['undefined', count]);
          assert.equal(Object.values(stored(server))[0].name, name);
          assert.equal(server.ids.size, 1);
        }
      }
    });
  }

  it('gives the socket the request that it hung itself on', async (t) => {
    const server = await openServer(t);
    const cookie = `plain=a; ${cookieOf(await openSession(server.port))}`;
    const { request, client, conn } = await socketOf(server, () =>
      openThrough(t, server, 4, { extraHeaders: { cookie } }),
    );
    assert.equal(request, client.request);
    assert.equal(request, conn.request);
    assert.equal(request.session.id, request.sessionID);
    assert.equal(request.cookies.plain, 'a');
    assert.equal(request.session.count, 2);
  });

  for (const [name, options, expected] of [
    ['touched', { saveUninitialized: false }, 'touch'],
    ['stored again', { resave: true }, 'set'],
    ['destroyed', { unset: 'destroy' }, 'destroy'],
  ] as const) {
    it(`is ${name} before the client has its answer`, async (t) => {
      const server = await openServer(t, 'port', options);
      const { port, store, engine } = server;
      const Cookie = cookieOf(await openSession(port)) ?? '';
      const { sid } = await openSession(port, POLLING, { headers: { Cookie } });
      if (expected === 'destroy') {
        engine.use((req: any, _res: unknown, next: () => void) => {
          req.session = null;
          next();
        });
      }
      const release = park(store, expected);
      let answered = false;
      const post = send(port, `${POLLING}&sid=${sid}`, { method: 'POST', body: '40', headers: { Cookie } }).then(
        (answer) => {
          answered = true;
          return answer;
        },
      );
      const letGo = await release;
      assert.equal((await send(port, '/elsewhere')).status, 404, 'the I/O thread answers others meanwhile');
      assert.equal(answered, false);
      letGo();
      assert.equal((await post).text, 'ok');
    });
  }

  it('that cannot be stored is reported, and the client has its answer', async (t) => {
    const { port, store, engine } = await openServer(t);
    const trouble = new Error('store is down');
    store.set = (_id: string, _session: unknown, callback: (error: Error) => void) => setImmediate(callback, trouble);
    const reports = waitForAll(engine, 'connection_error', { count: 2 });
    assert.equal((await openSession(port)).status, 200);
    assert.equal((await sendUpgrade(port)).status, 101);
    for (const [{ code, context, req }] of await reports) {
      assert.equal(code, 3);
      assert.deepEqual(context, { name: 'MIDDLEWARE_FAILURE', error: trouble });
      assert.equal(req.session.count, 1);
    }
  });

  it('whose store throws refuses the request, and reports why', async (t) => {
    const { port, store, engine } = await openServer(t);
    const trouble = new Error('store is broken');
    store.set = () => {
      throw trouble;
    };
    const reports = waitForAll(engine, 'connection_error', { count: 2 });
    const polled = await send(port, POLLING);
    assert.deepEqual([polled.status, polled.text], [400, '{"code":3,"message":"Bad request"}']);
    assert.equal((await sendUpgrade(port)).status, 400);
    for (const [{ context }] of await reports) {
      assert.deepEqual(context, { name: 'MIDDLEWARE_FAILURE', error: trouble });
    }
  });

  it('is stored too when a later function answers by itself', async (t) => {
    const server = await openServer(t);
    server.engine.use((req: any, res: any) => {
      req.session.refused = true;
      res.statusCode = 401;
      res.setHeader('Content-Length', 5);
      res.end('café');
    });
    for (const answer of [await send(server.port, POLLING), await sendUpgrade(server.port)]) {
      assert.deepEqual([answer.status, answer.text], [401, 'café']);
      assert.match(cookieOf(answer) ?? '', /^connect\.sid=/);
    }
    assert.deepEqual(
      Object.values(stored(server)).map(({ refused }) => refused),
      [true, true],
    );
  });

  it('is stored too when the request is refused', async (t) => {
    const server = await openServer(t);
    const { io, port, engine } = server;
    const seen: unknown[] = [];
    engine.use((_req: unknown, res: any, next: (error?: Error) => void) => {
      res.on('finish', () => seen.push(res.statusCode));
      next(new Error('no'));
    });
    const ended = await send(port, POLLING);
    assert.equal(ended.status, 400);
    assert.match(cookieOf(ended) ?? '', /^connect\.sid=/);
    assert.equal(Object.keys(stored(server)).length, 1);
    assert.deepEqual(seen, [400]);
    assert.equal(io.engine.clientsCount, 0);
  });
});

/** Makes a method of the store wait; resolves, once it was called, with what lets it go on. */
function park(store: any, method: string): Promise<() => void> {
  const original = store[method];
  return new Promise((resolve) => {
    store[method] = (...args: unknown[]) => {
      store[method] = original;
      resolve(() => original.apply(store, args));
    };
  });
}
