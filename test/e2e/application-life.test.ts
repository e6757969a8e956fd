/**
 * An application behind a port of ours that is slow, blocked, or closed under its requests.
 */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { fetchWhole } from '../support/poller.ts';
import { PATIENCE_MS, waitForAll, within } from '../support/wait-for.ts';
import { makeServer } from '../support/ways.ts';

function serve(t: TestContext, http: unknown) {
  const io = makeServer(0, { ioThreads: 1, http });
  t.after(() => io.close());
  const { port } = (io.httpServer as unknown as { address(): AddressInfo }).address();
  return { io, port, url: `http://127.0.0.1:${port}` };
}

describe('an application behind the port', () => {
  it('that is blocked blocks nobody else, and answers when it goes on', async (t) => {
    const released = new Int32Array(new SharedArrayBuffer(4));
    const application: RequestListener = (req, res) => {
      if (req.url === '/block') {
        io.emit('news', 1);
        // Nothing else runs on this thread until the client has been served what it needs no application for.
        res.setHeader('X-Wait', Atomics.wait(released, 0, 0, PATIENCE_MS));
      }
      res.end(`${req.url} ${res.getHeader('X-Wait')}`);
    };
    const { io, port } = serve(t, application);
    const client = new Worker(new URL('application-client.mjs', import.meta.url), { workerData: { port, released } });
    const [seen] = await within(once(client, 'message'), 'the report of the client');
    assert.deepEqual(seen, {
      news: [1],
      handshake: [200, '0{"sid":'],
      bundle: [200, true],
      answered: false,
      block: { status: 200, body: '/block ok' },
      next: { status: 200, body: '/next undefined' },
    });
  });

  for (const form of ['a listener', 'a server']) {
    it(`is cut off by close() in requests it has not answered, as ${form}`, async (t) => {
      const requests = new EventEmitter();
      const lost: Promise<unknown>[] = [];
      const listener: RequestListener = (req, res) => {
        lost.push(once(res, 'close'));
        if (req.url === '/half') res.write('half');
        requests.emit('request');
      };
      const { io, url } = serve(t, form === 'a listener' ? listener : createServer(listener));
      const asked = waitForAll(requests, 'request', { count: 2 });
      const half = request(`${url}/half`, { agent: false }).end();
      const [answer] = (await once(half, 'response')) as [IncomingMessage];
      const ends = [assert.rejects(once(answer.resume(), 'end')), assert.rejects(fetchWhole(`${url}/never`))];
      await asked;
      await within(io.close(), 'the close');
      await within(Promise.all(ends), 'the end of both requests');
      await within(Promise.all(lost), 'the end of both answers');
    });
  }

  it('may be the listener of a framework that answers later and asks who the client is, as Fastify does', async (t) => {
    /** What Fastify's `routing` does with a request: hooks that may be async, then one head with all headers, and one end. */
    const routing: RequestListener = async (req: IncomingMessage, res: ServerResponse) => {
      const forwarded = String(req.headers['x-forwarded-for']).split(',');
      await new Promise((resolve) => setImmediate(resolve));
      const body = JSON.stringify({
        socket: req.socket.remoteAddress,
        ip: forwarded.at(-1)?.trim(), // `trustProxy: 1`
        encrypted: 'encrypted' in req.socket,
      });
      const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) };
      res.writeHead(200, headers as Record<string, string | number>);
      res.end(body, 'utf8');
    };
    const { url } = serve(t, routing);
    const answer = await fetchWhole(url, { headers: { 'X-Forwarded-For': '9.9.9.9' } });
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
    const { ip, ...others } = JSON.parse(answer.body);
    assert.match(ip, /^(?:::ffff:)?127\.0\.0\.1$/);
    assert.deepEqual(others, { encrypted: false }, 'the connection is one of ours, without an address');
  });
});
