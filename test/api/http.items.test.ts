/**
 * Elements of the documented API that show in HTTP, each test under its number. Real threads, plain requests.
 */
import assert from 'node:assert/strict';
import { createServer, Server as HttpServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { after, describe, it, type TestContext } from 'node:test';
import type { GivenOptions } from '../../core/api/api-options.ts';
import { Server } from '../../core/index.ts';
import { closeConnection, openClient } from '../support/clients.ts';
import { waitFor } from '../support/wait-for.ts';

const require = createRequire(import.meta.url);
const servers: Server[] = [];
after(() => Promise.all(servers.map((io) => io.close())));

function listen(options: GivenOptions = {}): { io: Server; port: number } {
  const io: Server = new Server(0, { ioThreads: 1, ...options });
  servers.push(io);
  return { io, port: (io.httpServer.address() as { port: number }).port };
}

/** A polling handshake; the session's answer is in `open`. */
async function handshake(port: number, headers: Record<string, string> = {}, revision = 4) {
  const url = `http://127.0.0.1:${port}/socket.io/?EIO=${revision}&transport=polling`;
  const response = await fetch(url, { headers });
  const text = await response.text();
  const [payload] = /\{.*\}/.exec(text) ?? ['{}'];
  return { status: response.status, headers: response.headers, text, open: JSON.parse(payload) };
}

/** A request with the session of a handshake. */
const poll = (port: number, sid: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling&sid=${sid}`, {
    method: 'POST',
    body: '40',
    headers,
  });

/**
 * Attaches to a Node server that then listens, and proves that both its own pages and clients are served.
 *
 * @param listening called before the first request
 */
async function assertShared(t: TestContext, http: HttpServer, listening?: () => void): Promise<void> {
  const io: Server = new Server(http, { ioThreads: 1 });
  servers.push(io);
  http.listen(0);
  listening?.();
  await waitFor(http, 'listening');
  const { port } = http.address() as { port: number };
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/page`)).text(), 'page /page');
  io.on('connection', (socket) => socket.emit('news', { hello: 'world' }));
  for (const transport of ['polling', 'websocket']) {
    const client = openClient(4, port, '/', { transports: [transport] });
    t.after(() => closeConnection(client));
    assert.deepEqual(await waitFor(client, 'news'), [{ hello: 'world' }]);
  }
}

/** As `express.createServer()` of Express 2 gave it: an HTTP server with the application's own methods. */
class Application extends HttpServer {
  readonly seen: string[] = [];
  readonly #routes = new Map<string, RequestListener>();

  constructor() {
    super();
    this.on('request', (req, res) => {
      this.seen.push(req.url ?? '');
      const route = this.#routes.get(req.url ?? '');
      if (route) route(req, res);
      else res.writeHead(404).end();
    });
  }

  get(path: string, route: RequestListener): void {
    this.#routes.set(path, route);
  }
}

const pages: RequestListener = (req, res) => void res.end(`page ${req.url}`);

describe('requests', () => {
  it('10: allowRequest decides on handshakes, late too, and replaces the check of origins', async () => {
    const seen: string[] = [];
    const { port } = listen({
      origins: 'http://never.example:80',
      allowRequest: (request, decide) => {
        seen.push(String(request.url));
        const { verdict } = request.headers;
        setImmediate(() => decide(verdict === 'no' ? 'not you' : null, verdict === 'yes'));
      },
    });
    const allowed = await handshake(port, { verdict: 'yes', origin: 'http://a.example' });
    assert.equal(allowed.status, 200);
    const refused = await handshake(port, { verdict: 'no' });
    assert.deepEqual([refused.status, refused.open], [403, { code: 4, message: 'not you' }]);
    assert.equal((await handshake(port)).status, 403);
    assert.equal((await poll(port, allowed.open.sid)).status, 200);
    assert.equal(seen.length, 3, 'a request with a session is not asked about');
    assert.match(seen[0], /^\/socket\.io\/\?EIO=4&transport=polling/);
  });

  it('15: cookie names the session for who asks for it, and nobody else gets one', async () => {
    assert.equal((await handshake(listen().port)).headers.get('set-cookie'), null);
    const { headers, open } = await handshake(listen({ cookie: 'io' }).port);
    assert.match(headers.get('set-cookie') ?? '', new RegExp(`^io=${open.sid}; Path=/; HttpOnly; SameSite=`));
  });

  it('18: engine.generateId makes session ids, at once or later', async (t) => {
    const { io, port } = listen();
    let made = 0;
    io.engine.generateId = (request) => `custom:${request.headers['x-name']}:${made++}`;
    assert.equal((await handshake(port, { 'x-name': 'a' })).open.sid, 'custom:a:0');
    io.engine.generateId = async () => `later:${made++}`;
    const arrival = waitFor(io, 'connection');
    const client = openClient(2, port);
    t.after(() => closeConnection(client));
    const [socket] = await arrival;
    assert.deepEqual([socket.id, made], ['later:1', 2]);
  });

  it('20: the client is served below the path, with an ETag, unless serveClient is false', async () => {
    const { port } = listen({ path: '/chat' });
    const url = `http://127.0.0.1:${port}/chat/socket.io.js`;
    const response = await fetch(url);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^application\/javascript/);
    assert.match(await response.text(), /Socket\.IO/);
    const etag = response.headers.get('etag') ?? '';
    const again = await fetch(url, { headers: { 'if-none-match': etag } });
    assert.deepEqual([again.status, await again.text()], [304, '']);
    const map = await fetch(`${url}.map`);
    assert.match(map.headers.get('content-type') ?? '', /^application\/json/);
    await map.arrayBuffer();
    const off = listen({ serveClient: false });
    assert.equal((await fetch(`http://127.0.0.1:${off.port}/socket.io/socket.io.js`)).status, 400);
  });

  it('24, 25: origins is compared as a whole, once per session', async () => {
    const { io, port } = listen({ origins: ['http://foo.example:*'] });
    const from = (origin: string): Record<string, string> => ({ origin });
    const allowed = await handshake(port, from('http://foo.example:8080'));
    assert.equal(allowed.status, 200);
    for (const origin of ['http://o.example:8080', 'https://foo.example', 'http://foo.example.evil']) {
      assert.equal((await handshake(port, from(origin))).status, 403, origin);
    }
    assert.equal((await handshake(port)).status, 403, 'nobody says where it comes from');
    assert.equal((await poll(port, allowed.open.sid, from('http://o.example'))).status, 200);
    io.origins('http://o.example:80');
    assert.equal((await handshake(port, from('http://o.example'))).status, 200);
    assert.equal((await handshake(port, from('http://foo.example:8080'))).status, 403);
  });

  it('26: origins(fn) gets the origin, or * when there is none, and answers when it likes', async () => {
    const { io, port } = listen();
    const seen: string[] = [];
    io.origins((origin, callback) => {
      seen.push(origin);
      setImmediate(() => callback(origin === '*' ? 'origin please' : null, origin !== '*'));
    });
    assert.equal((await handshake(port, { origin: 'http://a.example' })).status, 200);
    const refused = await handshake(port);
    assert.deepEqual([refused.status, refused.open], [403, { code: 4, message: 'origin please' }]);
    assert.deepEqual(seen, ['http://a.example', '*']);
  });

  it('27: CORS headers come when cors or origins asks for them, and not else', async () => {
    const origin = { origin: 'http://a.example' };
    const header = 'access-control-allow-origin';
    assert.equal((await handshake(listen().port, origin)).headers.get(header), null);
    for (const options of [{ origins: 'http://a.example:*' }, { cors: { origin: 'http://a.example' } }]) {
      assert.equal((await handshake(listen(options).port, origin)).headers.get(header), 'http://a.example');
    }
  });
});

describe('a Node server', () => {
  it('99: made with a handler keeps its own pages', async (t) => {
    await assertShared(t, createServer(pages));
  });

  for (const version of ['express-4', 'express-5']) {
    it(`100: made around the application, as Express 3 to 5 has it (${version})`, async (t) => {
      const app = require(version)();
      app.get('/page', pages);
      await assertShared(t, new HttpServer(app));
      assert.throws(() => new Server(app), { code: 'ERR_EXPRESS_APP' });
    });
  }

  it('101: that is the application itself, with routes of its own that come later, as Express 2 has it', async (t) => {
    const app = new Application();
    await assertShared(t, app, () => app.get('/page', pages));
    assert.deepEqual([...new Set(app.seen)], ['/page'], 'it sees no request of the engine');
  });
});
