/**
 * A Node server that is shared: what is the application's stays its own, before, beside and after the engine.
 */
import assert from 'node:assert/strict';
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import { describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { RawConnection } from '../compat/raw-connection.ts';
import { closeConnection, openClient } from '../support/clients.ts';
import { sendUpgrade } from '../support/http.ts';
import { fetchWhole } from '../support/poller.ts';
import { waitFor } from '../support/wait-for.ts';
import { cert, key, listen, makeServer } from '../support/ways.ts';

const settings = { ioThreads: 1 };
const upgradeHead = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`;

/** Rejects unless a client gets through. */
async function assertServes(port: number, options: Parameters<typeof openClient>[3] = {}): Promise<void> {
  const client = openClient(4, port, '/', { transports: ['polling', 'websocket'], ...options });
  try {
    await waitFor(client, 'connect');
  } finally {
    closeConnection(client);
  }
}

describe('a shared Node server', () => {
  it('serves the application what is not the engine’s, whenever its listeners came', async (t) => {
    const seen: string[] = [];
    const server = createServer((req) => seen.push(`first ${req.url}`));
    const io = makeServer(server, settings);
    t.after(() => void io.close());
    const later = (req: IncomingMessage, res: ServerResponse): void => {
      seen.push(`later ${req.url}`);
      res.setHeader('X-App', 'yes').end('mine');
    };
    server.on('request', later);
    const port = await listen(t, server);
    await assertServes(port);
    assert.deepEqual(seen, []);
    const { body, headers } = await fetchWhole(`http://127.0.0.1:${port}/socket.io`);
    assert.equal(body, 'mine');
    assert.equal(headers['x-app'], 'yes');
    assert.deepEqual(seen, ['first /socket.io', 'later /socket.io']);
    server.off('request', later);
    assert.equal(server.listenerCount('request'), 1);
    server.once('request', (_req, res) => res.end('once'));
    assert.equal((await fetchWhole(`http://127.0.0.1:${port}/other`)).body, 'once');
  });

  it('may listen already, and be attached twice', async (t) => {
    const server = createServer();
    const port = await listen(t, server);
    const io = makeServer(settings);
    t.after(() => void io.close());
    assert.equal(io.attach(server), io);
    io.attach(server);
    assert.equal(io.httpServer, server);
    await assertServes(port);
    await assertServes(port, { transports: ['websocket'] });
  });

  it('keeps upgrade handlers of the application, such as a ws server with a path of its own', async (t) => {
    const server = createServer();
    const early = new WebSocketServer({ noServer: true });
    server.on('upgrade', (req, socket, head) => {
      if (req.url === '/early') early.handleUpgrade(req, socket, head, (ws) => ws.send('early'));
    });
    const io = makeServer(server, settings);
    t.after(() => void io.close());
    const port = await listen(t, server);
    const hear = async (path: string): Promise<string> => {
      const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`);
      t.after(() => ws.terminate());
      return String((await waitFor(ws, 'message'))[0]);
    };
    assert.equal(await hear('/early'), 'early');
    await assertServes(port, { transports: ['websocket'] });
    // This one refuses every upgrade that is not for its path.
    new WebSocketServer({ server, path: '/late' }).on('connection', (ws) => ws.send('late'));
    assert.equal(await hear('/late'), 'late');
    await assertServes(port, { transports: ['websocket'] });
    await assertServes(port, { transports: ['polling', 'websocket'] });
  });

  it('16: leaves OPTIONS requests to its listeners or to a function, as handlePreflightRequest has it', async (t) => {
    const ask = async (handlePreflightRequest: unknown): Promise<string> => {
      const server = createServer((req, res) => res.end(`mine: ${req.method}`));
      const answer = function (this: unknown, req: { method?: string }, res: ServerResponse): void {
        res.end(`${this === server}: ${req.method}`);
      };
      const io = makeServer(server, {
        ...settings,
        handlePreflightRequest: handlePreflightRequest === 'function' ? answer : handlePreflightRequest,
      });
      t.after(() => void io.close());
      const port = await listen(t, server);
      await assertServes(port);
      const url = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
      return (await fetch(url, { method: 'OPTIONS' })).text();
    };
    assert.equal(await ask(false), 'mine: OPTIONS');
    assert.equal(await ask('function'), 'true: OPTIONS');
    assert.doesNotMatch(await ask(true), /OPTIONS/);
    assert.doesNotMatch(await ask(undefined), /OPTIONS/);
  });

  it('ends upgrades that nobody answers, unless destroyUpgrade is off', async (t) => {
    for (const destroyUpgrade of [true, false]) {
      const server = createServer();
      const io = makeServer(server, { ...settings, destroyUpgrade, destroyUpgradeTimeout: 20 });
      t.after(() => void io.close());
      const port = await listen(t, server);
      const answered = new Promise<void>((resolve) => {
        server.on('upgrade', (req, socket) => {
          if (req.url !== '/answered') return;
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: mine\r\n\r\n');
          resolve();
        });
      });
      const kept = new RawConnection(port);
      t.after(() => kept.destroy());
      kept.write(upgradeHead('/answered'));
      await answered;
      const ignored = new RawConnection(port);
      t.after(() => ignored.destroy());
      ignored.write(upgradeHead('/ignored'));
      if (destroyUpgrade) {
        await ignored.drained();
      } else {
        const [, socket] = await waitFor(server, 'upgrade');
        await new Promise((resolve) => setTimeout(resolve, 60)); // three times what it would have taken
        assert.equal(socket.destroyed, false);
      }
      assert.equal((await kept.response())?.status, 101);
    }
  });

  it('takes the bare path without addTrailingSlash, and leaves longer names to the application', async (t) => {
    for (const addTrailingSlash of [true, false]) {
      const server = createServer((_req, res) => void res.end('the application'));
      const io = makeServer(server, { ...settings, addTrailingSlash, serveClient: false });
      t.after(() => void io.close());
      const port = await listen(t, server);
      const isOurs = async (path: string): Promise<boolean> => {
        const { body } = await fetchWhole(`http://127.0.0.1:${port}${path}?EIO=4&transport=polling`);
        assert.match(body, /^0\{"sid":|^the application$/, path);
        return body.startsWith('0');
      };
      assert.equal(await isOurs('/socket.io'), !addTrailingSlash);
      for (const path of ['/socket.io/', '/socket.io/more']) assert.equal(await isOurs(path), true, path);
      for (const path of ['/socket.iox', '/socket.iox/', '/other']) assert.equal(await isOurs(path), false, path);
      if (addTrailingSlash) continue;
      assert.equal((await sendUpgrade(port, '/socket.io?EIO=4&transport=websocket')).status, 101);
      await assertServes(port, { addTrailingSlash: false, transports: ['polling', 'websocket'] });
    }
  });

  it('outlives clients that reset an upgrade which nobody has answered yet', async (t) => {
    for (const destroyUpgrade of [true, false]) {
      const server = createServer();
      const io = makeServer(server, { ...settings, destroyUpgrade });
      t.after(() => void io.close());
      const port = await listen(t, server);
      const ignored = new RawConnection(port);
      const arrival = waitFor(server, 'upgrade');
      ignored.write(upgradeHead('/ignored'));
      const [, socket] = await arrival;
      const gone = waitFor(socket, 'close');
      ignored.reset();
      await gone;
      await assertServes(port);
    }
  });

  it('hands an upgrade over as it came: a refusal, an early frame, a body that is not read', async (t) => {
    const server = createServer();
    const io = makeServer(server, settings);
    t.after(() => void io.close());
    const port = await listen(t, server);
    const open = (text: string | Buffer): RawConnection => {
      const connection = new RawConnection(port);
      t.after(() => connection.destroy());
      connection.write(text);
      return connection;
    };
    const refused = open(upgradeHead('/socket.io/?EIO=4&transport=websocket&sid=nobody'));
    const answer = await refused.response();
    assert.equal(answer?.status, 400);
    assert.equal(String(answer?.body), 'Session ID unknown');
    await refused.drained();
    const connect40 = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30]);
    const arrival = waitFor(io, 'connection');
    open(Buffer.concat([Buffer.from(upgradeHead('/socket.io/?EIO=4&transport=websocket')), connect40]));
    await arrival;
    const post = open(
      upgradeHead('/socket.io/?EIO=4&transport=websocket', 'Content-Length: 5\r\n').replace('GET', 'POST'),
    );
    assert.equal((await post.response())?.status, 400);
  });

  it('lets no client name itself, however it smuggles', async (t) => {
    const server = createServer();
    const io = makeServer(server, settings);
    t.after(() => void io.close());
    const port = await listen(t, server);
    const forged = 'X-Broadside-Client: 6.6.6.6 1 1\r\n';
    const seen: string[] = [];
    io.engine.on('connection', (conn: { remoteAddress: string }) => seen.push(conn.remoteAddress));
    const handshake = '/socket.io/?EIO=4&transport=polling';
    const plain = `GET ${handshake} HTTP/1.1\r\nHost: a\r\n`;
    const upgrade = `${plain}Connection: Upgrade\r\nUpgrade: other\r\n`;
    const attempts = [
      `${plain}${forged}\r\n`,
      `${plain}${forged}${forged.toUpperCase()}Connection: x-broadside-client\r\n\r\n`,
      // Behind an upgrade that is none: these bytes are no request of their own on the private socket.
      `${upgrade}${forged}\r\n${plain}${forged}\r\n`,
      `${upgradeHead('/socket.io/?EIO=4&transport=websocket&sid=nobody')}${plain}${forged}\r\n`,
      `${upgrade}Content-Length: 4\r\n\r\nbody${plain}${forged}\r\n`,
    ];
    for (const text of attempts) {
      const connection = new RawConnection(port);
      t.after(() => connection.destroy());
      connection.write(text);
      const answer = await connection.response();
      assert.ok(answer?.status === 200 || answer?.status === 400, text);
      if (text.includes('Upgrade')) {
        // What follows an upgrade that was refused goes nowhere.
        connection.write(`${plain}${forged}\r\n`);
        await connection.drained();
      }
    }
    await assertServes(port);
    assert.ok(seen.length >= 3);
    for (const address of seen) assert.match(address, /127\.0\.0\.1$/);
  });

  it('answers Expect: 100-continue of a post, with a listener of the application for it or without', async (t) => {
    for (const listener of [false, true]) {
      const server = createServer();
      if (listener) server.on('checkContinue', () => assert.fail('it was the engine’s'));
      const io = makeServer(server, settings);
      t.after(() => void io.close());
      const port = await listen(t, server);
      const { sid } = JSON.parse(
        (await fetchWhole(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`)).body.slice(1),
      );
      const connection = new RawConnection(port);
      t.after(() => connection.destroy());
      connection.write(
        `POST /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`,
      );
      assert.equal((await connection.head())?.status, 100);
      const arrival = waitFor(io, 'connection');
      connection.write('40');
      assert.equal(String((await connection.response())?.body), 'ok');
      await arrival;
    }
  });

  it('closes the connection after a post that is too large', async (t) => {
    const server = createServer();
    const io = makeServer(server, { ...settings, maxHttpBufferSize: 1000 });
    t.after(() => void io.close());
    const port = await listen(t, server);
    const url = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await fetchWhole(url)).body.slice(1));
    const answer = await fetchWhole(`${url}&sid=${sid}`, { method: 'POST' }, 'x'.repeat(5000));
    assert.equal(answer.status, 413);
    assert.equal(answer.headers.connection, 'close');
    assert.equal((await fetchWhole(`${url}&sid=${sid}`, { method: 'POST' }, '40')).body, 'ok');
  });

  it('may speak HTTP/2', async (t) => {
    const server = createSecureServer({ key, cert, allowHTTP1: true }, (_req, res) => res.end('mine'));
    const io = makeServer(server, settings);
    t.after(() => void io.close());
    const port = await listen(t, server as unknown as HttpServer);
    const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    t.after(() => session.destroy());
    const ask = async (path: string, body?: string): Promise<string> => {
      const stream = session.request({ ':path': path, ':method': body === undefined ? 'GET' : 'POST' });
      stream.end(body);
      let text = '';
      for await (const chunk of stream) text += chunk;
      return text;
    };
    assert.equal(await ask('/other'), 'mine');
    const path = '/socket.io/?EIO=4&transport=polling';
    const { sid } = JSON.parse((await ask(path)).slice(1));
    const arrival = waitFor(io, 'connection');
    assert.equal(await ask(`${path}&sid=${sid}`, '40'), 'ok');
    const [socket] = await arrival;
    assert.equal(socket.handshake.secure, true);
    assert.match(socket.handshake.address, /127\.0\.0\.1$/);
    assert.equal(socket.handshake.headers.host, `127.0.0.1:${port}`);
  });
});
