/**
 * The handshake request as applications find it: ordinary objects, whatever names a client has chosen, and the members of
 * Node's own that middleware relies on.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { openSession, POLLING, send } from '../support/http.ts';
import { waitFor } from '../support/wait-for.ts';
import { openThrough, openWay } from '../support/ways.ts';

const ordinary = (object: object): boolean => Object.getPrototypeOf(object) === Object.prototype;

describe('59: socket.request', () => {
  for (const way of ['port', 'http'] as const) {
    it(`has headers and queries that are ordinary objects, ${way}`, async (t) => {
      const opened = await openWay(t, way, { ioThreads: 1 });
      for (const generation of [2, 4] as const) {
        const connected = waitFor(opened.io, 'connection');
        openThrough(t, opened, generation, { extraHeaders: { 'X-Name': 'ann' }, query: { a: '1' } });
        const [{ request, handshake }] = (await connected) as any;
        for (const headers of [request.headers, handshake.headers]) {
          assert.ok(ordinary(headers));
          assert.ok(Object.hasOwn(headers, 'x-name'));
          assert.equal(`${headers}`, '[object Object]');
        }
        for (const query of [request._query, handshake.query]) {
          assert.ok(ordinary(query));
          assert.ok(Object.hasOwn(query, 'a'));
          assert.equal(`${query}`, '[object Object]');
        }
        assert.ok(ordinary(handshake.auth));
        const { rawHeaders, connection } = request;
        assert.equal(rawHeaders[rawHeaders.indexOf('x-name') + 1], 'ann');
        assert.equal(rawHeaders.length, 2 * Object.keys(request.headers).length);
        assert.equal(typeof connection.remotePort, way === 'http' ? 'number' : 'undefined');
      }
    });

    for (const hooked of [false, true]) {
      it(`keeps hostile names as what they are, ${way}${hooked ? ', seen by a hook' : ''}`, async (t) => {
        const allowRequest = (_req: unknown, decide: (error: null, allow: boolean) => void) => decide(null, true);
        const { io, port } = await openWay(t, way, { ioThreads: 1, ...(hooked ? { allowRequest } : {}) });
        const headers = Object.fromEntries(
          ['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map((name) => [name, `${name}!`]),
        );
        const query = '&__proto__=p&__proto__[x]=1&constructor=c&toString=t';
        const connected = waitFor(io, 'connection');
        const path = `${POLLING}${query}`;
        const { sid } = await openSession(port, path, { headers });
        await send(port, `${POLLING}&sid=${sid}`, { method: 'POST', body: '40{"__proto__":{"x":1},"toString":1}' });
        const [{ request, handshake }] = (await connected) as any;
        assert.equal(request.headers, handshake.headers);
        const { headers: found } = handshake;
        assert.ok(ordinary(found));
        assert.equal(Object.getOwnPropertyDescriptor(found, '__proto__')?.value, '__proto__!');
        assert.equal(found.constructor, 'constructor!');
        assert.equal(found.tostring, 'toString!');
        assert.ok(Object.hasOwn(found, 'hasownproperty'));
        for (const each of [request._query, handshake.query]) {
          assert.ok(ordinary(each));
          assert.equal(Object.getOwnPropertyDescriptor(each, '__proto__')?.value, 'p');
          assert.deepEqual([each.constructor, each.toString], ['c', 't']);
        }
        assert.ok(ordinary(handshake.auth));
        assert.deepEqual(Object.keys(handshake.auth), ['__proto__', 'toString']);
        assert.equal(({} as any).x, undefined);
        assert.equal(Object.getPrototypeOf({}), Object.prototype);
      });
    }
  }

  it('has ordinary objects in the report of a refused request', async (t) => {
    const { io, port } = await openWay(t, 'port', { ioThreads: 1 });
    const report = waitFor(io.engine as any, 'connection_error');
    await send(port, `${POLLING}&sid=none&__proto__=p`, { headers: { constructor: 'c' } });
    const [{ req }] = await report;
    assert.ok(ordinary(req.headers));
    assert.ok(ordinary(req._query));
    assert.equal(req.headers.constructor, 'c');
  });

  it('takes listeners, for whoever adds events of its own, and is neither aborted nor incomplete', async (t) => {
    const opened = await openWay(t, 'port', { ioThreads: 1 });
    const connected = waitFor(opened.io, 'connection');
    openThrough(t, opened, 4);
    const [{ request }] = (await connected) as any;
    assert.equal(request instanceof EventEmitter, true);
    assert.deepEqual([request.aborted, request.complete, request.client], [false, true, request.connection]);
    assert.deepEqual(Object.getOwnPropertyNames(request), [], 'every connection keeps one');
    const heard: unknown[] = [];
    assert.equal(request.listenerCount('named'), 0);
    assert.equal(
      request.once('named', (name: string) => heard.push(name)),
      request,
    );
    request.on('named', () => heard.push('again'));
    assert.equal(request.emit('named', 'ann'), true);
    request.removeAllListeners();
    assert.equal(request.emit('named', 'eve'), false);
    assert.deepEqual(heard, ['ann', 'again']);
    request.headers = { own: 'a' };
    assert.deepEqual(request.headers, { own: 'a' });
  });
});
