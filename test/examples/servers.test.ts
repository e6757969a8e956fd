/** Examples about the ways in do what they say, with stock clients and plain requests. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generations } from '../support/clients.ts';
import { waitFor } from '../support/wait-for.ts';
import { Example } from './example.ts';

/** The script that pages include. */
const SCRIPT = 'socket.io.js';

async function fetched(port: number, path: string): Promise<{ status: number; type: string | null; body: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

describe('examples of servers', () => {
  for (const name of [
    'node-http/server.ts',
    ...['express-2', 'express-4', 'express-5'].map((app) => `${app}/server.mjs`),
  ]) {
    it(`${name}: one port serves the page, the client and its events`, async (t) => {
      const example = new Example(t, name);
      const port = await example.port('open');
      const page = await fetched(port, '/');
      assert.equal(page.status, 200);
      assert.match(page.type as string, /^text\/html/);
      assert.match(page.body, /<script src="\/socket\.io\/socket\.io\.js">/);
      const script = await fetched(port, `/socket.io/${SCRIPT}`);
      assert.match(script.body, /Socket\.IO v4/);
      for (const generation of generations) {
        const client = example.client(port, { generation });
        assert.deepEqual(await waitFor(client, 'news'), [{ hello: 'world' }]);
        client.emit('my other event', { my: 'data' });
      }
      assert.equal(await example.said('received'), '{"my":"data"}');
    });
  }

  it('options: every way in has the path and settings it was given', async (t) => {
    const example = new Example(t, 'options.ts');
    for (const words of ['a port on', 'a server on', 'a port later on', 'a server later on']) {
      const port = await example.port(words);
      const { status, body } = await fetched(port, '/test/?EIO=4&transport=polling');
      assert.equal(status, 200, words);
      const { pingInterval, pingTimeout } = JSON.parse(body.slice(1));
      assert.deepEqual([pingInterval, pingTimeout], [10000, 5000], words);
      await waitFor(example.client(port, { path: '/test' }), 'connect');
    }
    const script = await fetched(await example.port('a port on'), `/test/${SCRIPT}`);
    assert.doesNotMatch(script.body, /Socket\.IO v4/);
  });

  it('client-files: under a path of its own with the script, and without it', async (t) => {
    const example = new Example(t, 'client-files.ts');
    const own = await example.port('/myownpath with files on');
    assert.match((await fetched(own, `/myownpath/${SCRIPT}`)).body, /Socket\.IO v4/);
    await waitFor(example.client(own, { path: '/myownpath' }), 'connect');

    const bare = await example.port('/socket.io without files on');
    assert.equal((await fetched(bare, `/socket.io/${SCRIPT}`)).status, 400); // taken for a request of a client
    await waitFor(example.client(bare), 'connect');
  });

  it('origins: the list and the function let one origin in and no other', async (t) => {
    const example = new Example(t, 'origins.ts');
    for (const [words, origin] of [
      ['a list on', 'http://foo.example.com:443'],
      ['a function on', 'https://foo.example.com'],
    ]) {
      const port = await example.port(words);
      await waitFor(example.client(port, { extraHeaders: { origin } }), 'connect');
      const stranger = { origin: 'https://bar.example.com' };
      await waitFor(example.client(port, { extraHeaders: stranger }), 'connect_error');
    }
  });

  it('close: the port goes from one server to the next, and clients come back to it', async (t) => {
    const example = new Example(t, 'close.ts');
    const port = await example.port('first on');
    const client = example.client(port, { reconnection: true, reconnectionDelay: 50 });
    assert.deepEqual(await waitFor(client, 'hello'), ['from the second']);
    assert.equal(await example.port('second on'), port);
    await example.said('first');
  });
});
