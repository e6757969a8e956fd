/**
 * An application behind a port of ours: what it says and gets is as if the port were its own.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { RawConnection } from '../compat/raw-connection.ts';
import { closeConnection, openClient } from '../support/clients.ts';
import { fetchWhole } from '../support/poller.ts';
import { waitFor, within } from '../support/wait-for.ts';
import { cert, key, makeServer } from '../support/ways.ts';

const require = createRequire(import.meta.url);

/** Serves an application; resolves with the base of its URLs. */
function serve(t: TestContext, http: unknown, settings: object = {}): { url: string; port: number } {
  const io = makeServer(0, { ioThreads: 1, http, ...settings });
  t.after(() => io.close());
  const { port } = (io.httpServer as unknown as { address(): AddressInfo }).address();
  return { url: `http://127.0.0.1:${port}`, port };
}

const open = (t: TestContext, port: number, text: string | Buffer): RawConnection => {
  const connection = new RawConnection(port);
  t.after(() => connection.destroy());
  connection.write(text);
  return connection;
};

const sha = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

describe('an application behind the port', () => {
  for (const version of ['express-4', 'express-5']) {
    it(`${version} routes, reads bodies, sees the client, while clients connect beside it`, async (t) => {
      const express = require(version);
      const app = express();
      app.set('trust proxy', 1);
      app.use(express.json());
      app.get('/hello/:name', (req: any, res: any) => {
        res.json({ name: req.params.name, q: req.query.q, ip: req.ip, secure: req.secure, host: req.get('host') });
      });
      app.post('/sum', (req: any, res: any) => res.status(201).send(String(req.body.a + req.body.b)));
      const { url, port } = serve(t, app);
      const forged = { 'X-Forwarded-For': '9.9.9.9', 'X-Forwarded-Proto': 'https' };
      const hello = await fetchWhole(`${url}/hello/me?q=a%20b`, { headers: forged });
      const { ip, ...seen } = JSON.parse(hello.body);
      assert.deepEqual(seen, { name: 'me', q: 'a b', secure: false, host: `127.0.0.1:${port}` });
      assert.match(ip, /^(?:::ffff:)?127\.0\.0\.1$/, 'what the client says of itself is not believed');
      const headers = { 'Content-Type': 'application/json' };
      const sum = await fetchWhole(`${url}/sum`, { method: 'POST', headers }, '{"a":1,"b":2}');
      assert.deepEqual([sum.status, sum.body], [201, '3']);
      const missing = await fetchWhole(`${url}/nowhere`);
      assert.equal(missing.status, 404);
      assert.match(missing.body, /Cannot GET \/nowhere/);
      const client = openClient(4, port, '/', { transports: ['polling', 'websocket'] });
      t.after(() => closeConnection(client));
      await waitFor(client, 'connect');
    });
  }

  it('is a listener or a server of node:http that does not listen yet; anything else is refused', async (t) => {
    const { url } = serve(
      t,
      createServer((_req, res) => res.end('a server')),
    );
    assert.equal((await fetchWhole(url)).body, 'a server');
    const busy = createServer().listen(0);
    t.after(() => busy.close());
    for (const http of [busy, createHttps({ key, cert }), {}, 'app', null]) {
      assert.throws(() => makeServer(0, { ioThreads: 1, http }), { code: 'ERR_OPTION_INVALID' });
    }
  });

  it('hears who asks: x-forwarded-for grows, x-forwarded-proto is ours', async (t) => {
    const listener: RequestListener = (req, res) => res.end(JSON.stringify(req.headers));
    const given = { 'X-Forwarded-For': '9.9.9.9, 8.8.8.8', 'X-Forwarded-Proto': 'https' };
    const plain = serve(t, listener);
    const seen = JSON.parse((await fetchWhole(plain.url, { headers: given })).body);
    assert.match(seen['x-forwarded-for'], /^9\.9\.9\.9, 8\.8\.8\.8, (?:::ffff:)?127\.0\.0\.1$/);
    assert.equal(seen['x-forwarded-proto'], 'http');
    const twice = `GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n\r\n`;
    const answer = await open(t, plain.port, twice).response();
    assert.match(JSON.parse(String(answer?.body))['x-forwarded-for'], /^1\.1\.1\.1, 2\.2\.2\.2, .*127\.0\.0\.1$/);
    const { port } = serve(t, listener, { key, cert });
    const secure = JSON.parse((await fetchWhole(`https://127.0.0.1:${port}`)).body);
    assert.equal(secure['x-forwarded-proto'], 'https');
  });

  it('keeps the connection through answers of every form', async (t) => {
    const { url } = serve(t, (req: IncomingMessage, res: ServerResponse) => {
      if (req.url === '/204') res.writeHead(204).end();
      else if (req.url === '/304') res.writeHead(304, { ETag: '"x"' }).end();
      else if (req.url === '/sized') res.setHeader('Content-Length', 5).end('sized');
      else if (req.url === '/empty') res.setHeader('Content-Length', 0).end();
      else if (req.url === '/redirect') res.writeHead(302, 'Gone There', { Location: '/x' }).end('moved');
      else if (req.url === '/cookies') res.setHeader('Set-Cookie', ['a=1', 'b=2']).end();
      else if (req.url === '/latin') res.setHeader('X-Name', 'caf\xe9').end(Buffer.from('ok'));
      else res.write('chun', () => res.end('ked'));
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const ports = new Set<number>();
    const ask = async (path: string, method = 'GET') => {
      const req = request(url + path, { agent, method }).end();
      const [answer] = (await once(req, 'response')) as [IncomingMessage];
      ports.add(req.socket?.localPort ?? 0);
      let body = '';
      for await (const chunk of answer) body += chunk;
      return {
        status: answer.statusCode,
        text: answer.statusMessage,
        headers: answer.headers,
        raw: answer.rawHeaders,
        body,
      };
    };
    for (const [path, status, body] of [
      ['/204', 204, ''],
      ['/304', 304, ''],
      ['/sized', 200, 'sized'],
      ['/empty', 200, ''],
      ['/chunked', 200, 'chunked'],
      ['/redirect', 302, 'moved'],
    ] as const) {
      const answer = await ask(path);
      assert.deepEqual([path, answer.status, answer.body], [path, status, body]);
      assert.equal(answer.raw.filter((name) => name.toLowerCase() === 'date').length, 1);
      const head = await ask(path, 'HEAD');
      assert.deepEqual([path, head.status, head.body], [path, status, '']);
      if (path === '/sized') assert.equal(head.headers['content-length'], '5');
    }
    const redirect = await ask('/redirect');
    assert.deepEqual([redirect.text, redirect.headers.location], ['Gone There', '/x']);
    assert.deepEqual((await ask('/cookies')).headers['set-cookie'], ['a=1', 'b=2']);
    assert.equal((await ask('/latin')).headers['x-name'], 'caf\xe9');
    assert.equal(ports.size, 1);
  });

  it('streams both ways at once', async (t) => {
    const { url } = serve(t, (req: IncomingMessage, res: ServerResponse) => void req.pipe(res));
    const req = request(url, { method: 'POST', agent: false });
    req.write('one');
    const [answer] = (await once(req, 'response')) as [IncomingMessage];
    const chunks = answer[Symbol.asyncIterator]();
    assert.equal(String((await chunks.next()).value), 'one');
    req.write('two');
    assert.equal(String((await chunks.next()).value), 'two');
    req.end();
    assert.equal((await chunks.next()).done, true);
  });

  it('gets a large upload whole, whether its length was announced or not', async (t) => {
    const { url } = serve(t, async (req: IncomingMessage, res: ServerResponse) => {
      const hash = createHash('sha256');
      for await (const chunk of req) hash.update(chunk as Buffer);
      res.end(hash.digest('hex'));
    });
    const body = randomBytes(20 * 1024 * 1024);
    assert.equal((await fetchWhole(url, { method: 'PUT' }, body)).body, sha(body));
    const headers = { 'Transfer-Encoding': 'chunked' };
    assert.equal((await fetchWhole(url, { method: 'PUT', headers }, body)).body, sha(body));
  });

  it('is held back by a client that reads slowly, and holds back one that sends fast', async (t) => {
    const total = 160 * 1024 * 1024; // a kernel may hold 32 MiB of it at each socket
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let written = 0;
    let stalled: () => void = () => {};
    let received = 0;
    let release: () => void = () => {};
    const upload = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { url } = serve(t, async (req: IncomingMessage, res: ServerResponse) => {
      if (req.method === 'POST') {
        await upload; // nothing is read until then
        for await (const part of req) received += (part as Buffer).length;
        res.end();
        return;
      }
      if (req.url === '/sized') res.setHeader('Content-Length', total);
      while (written < total) {
        written += chunk.length;
        if (res.write(chunk)) continue;
        const drained = once(res, 'drain');
        // Bounded: a road without back-pressure would take it all, and never be silent this long.
        const quiet = new Promise((resolve) => setTimeout(resolve, 500, 'quiet'));
        if ((await Promise.race([drained, quiet])) === 'quiet') stalled();
        await drained;
      }
      res.end();
    });
    for (const path of ['/sized', '/chunked']) {
      written = 0;
      const full = new Promise<void>((resolve) => {
        stalled = resolve;
      });
      const [answer] = (await once(request(url + path, { agent: false }).end(), 'response')) as [IncomingMessage];
      answer.pause();
      await within(full, 'a stall');
      assert.ok(written < total / 2, `${written} bytes were taken from the application for a client that reads none`);
      let got = 0;
      for await (const part of answer) got += (part as Buffer).length;
      assert.equal(got, total, path);
    }
    const post = request(url, { method: 'POST', agent: false, headers: { 'Content-Length': total } });
    let sent = 0;
    while (sent < total) {
      sent += chunk.length;
      if (post.write(chunk)) continue;
      const drained = once(post, 'drain');
      const quiet = new Promise((resolve) => setTimeout(resolve, 500, 'quiet'));
      if ((await Promise.race([drained, quiet])) === 'quiet') {
        assert.ok(sent < total / 2, `${sent} bytes were taken for an application that reads none`);
        release();
        await drained;
      }
    }
    release();
    post.end();
    await once(post, 'response');
    assert.equal(received, total);
  });

  it('may answer before the body has come, and the connection goes on', async (t) => {
    const { port } = serve(t, (req: IncomingMessage, res: ServerResponse) => {
      if (req.url === '/early') res.setHeader('Content-Length', 5).end('early');
      else res.end('next');
    });
    const size = 8 * 1024 * 1024;
    const connection = open(t, port, `POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
    connection.write(Buffer.alloc(size / 2));
    assert.equal(String((await connection.response())?.body), 'early');
    connection.write(Buffer.alloc(size / 2));
    connection.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(String((await connection.response())?.body), 'next');
  });

  it('that fails, or is gone, fails its own requests only', async (t) => {
    const application = createServer((req, res) => {
      if (req.url === '/fine') res.end('fine');
      else if (req.url === '/destroy') req.socket.destroy();
      else res.writeHead(200, { 'Content-Length': 100 }).write('half', () => res.destroy());
    });
    const { url, port } = serve(t, application);
    const client = openClient(4, port);
    t.after(() => closeConnection(client));
    await waitFor(client, 'connect');
    const ends = waitFor(client, 'disconnect');
    assert.equal((await fetchWhole(`${url}/destroy`)).status, 502);
    assert.equal((await fetchWhole(`${url}/destroy`, { method: 'POST' }, 'body')).status, 502);
    await assert.rejects(fetchWhole(`${url}/half`));
    assert.equal((await fetchWhole(`${url}/fine`)).body, 'fine');
    application.close();
    application.closeAllConnections();
    assert.equal((await fetchWhole(`${url}/fine`)).status, 502);
    assert.equal(client.connected, true);
    closeConnection(client);
    await ends;
  });

  it('hears when a client goes away', async (t) => {
    let heard: (value: string) => void = () => {};
    const { url } = serve(t, (req: IncomingMessage, res: ServerResponse) => {
      res.on('close', () => heard(`${req.url} ${res.writableFinished}`));
      res.write('begun');
    });
    const gone = new Promise<string>((resolve) => {
      heard = resolve;
    });
    const req = request(`${url}/stream`, { agent: false }).end();
    req.on('error', () => {});
    await once(req, 'response');
    req.destroy();
    assert.equal(await within(gone, 'the close of the answer'), '/stream false');
  });

  it('gets nothing that Node could misread, and no request ends a thread', async (t) => {
    const { port } = serve(t, (req: IncomingMessage, res: ServerResponse) => res.end(JSON.stringify(req.rawHeaders)));
    const ask = async (head: string | Buffer) =>
      open(t, port, Buffer.concat([Buffer.from(head), Buffer.from('\r\n\r\n')])).response();
    // U+010D and U+010A would be a line break to whoever keeps the low byte only.
    const injected = await ask('GET / HTTP/1.1\r\nHost: a\r\nX-A: a\u010d\u010aX-Injected: 1');
    assert.equal(injected?.status, 200);
    const names = JSON.parse(String(injected?.body)).filter((_: string, i: number) => i % 2 === 0);
    assert.ok(!names.includes('X-Injected'));
    assert.equal((await ask('GET /日本?é=\u010a HTTP/1.1\r\nHost: a'))?.status, 400);
    assert.equal((await ask('G@T / HTTP/1.1\r\nHost: a'))?.status, 400);
    assert.equal((await ask('GET /%zz//../?a=%00 HTTP/1.1\r\nHost: a'))?.status, 200);
    const latin = Buffer.concat([Buffer.from('GET / HTTP/1.1\r\nHost: a\r\nX-A: b'), Buffer.from([0xe9])]);
    assert.equal((await ask(latin))?.status, 200);
  });

  it('sees a WebSocket request for another path as a plain one', async (t) => {
    const { port } = serve(t, (req: IncomingMessage, res: ServerResponse) => {
      res.writeHead(404).end(String(req.headers.upgrade));
    });
    const answer = await open(
      t,
      port,
      'GET /other HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    ).response();
    assert.deepEqual([answer?.status, String(answer?.body)], [404, 'undefined']);
  });

  it('answers 100-continue, as Node does', async (t) => {
    const { port } = serve(t, (req: IncomingMessage, res: ServerResponse) => void req.pipe(res));
    const connection = open(t, port, 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
    assert.equal((await connection.head())?.status, 100);
    connection.write('body');
    assert.equal(String((await connection.response())?.body), 'body');
  });
});
