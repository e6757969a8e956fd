/**
 * A Server that listens already listens once more, with options of its own for each way in.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Server } from '../../core/index.ts';
import { closeConnection, generations, openUrl } from '../support/clients.ts';
import { fetchWhole } from '../support/poller.ts';
import { waitFor } from '../support/wait-for.ts';
import { cert, key, listen, makeServer } from '../support/ways.ts';

const settings = { ioThreads: 1 };
const portOf = (io: { httpServer: unknown }): number =>
  (io.httpServer as { address(): { port: number } }).address().port;

function client(t: TestContext, generation: 2 | 3 | 4, url: string, path = '/socket.io') {
  const opened = openUrl(generation, url, { path, rejectUnauthorized: false });
  t.after(() => closeConnection(opened));
  return opened;
}

describe('a Server that listens already', () => {
  it('28, 30: takes further ports and Node servers, each with its own path, application and TLS', async (t) => {
    const io = makeServer(0, settings);
    t.after(() => io.close());
    const ways = [[`http://127.0.0.1:${portOf(io)}`, '/socket.io']];
    const first = io.engine;

    io.listen(0, { http: (_req: unknown, res: any) => res.end('the application') } as never);
    ways.push([`http://127.0.0.1:${portOf(io)}`, '/socket.io']);
    assert.equal((await fetchWhole(ways[1][0])).body, 'the application');
    assert.equal((await fetchWhole(ways[0][0])).status, 404);

    io.listen(0, { key, cert, path: '/secure' } as never);
    ways.push([`https://127.0.0.1:${portOf(io)}`, '/secure']);

    const server = createServer((_req, res) => res.end('mine'));
    io.attach(server, { path: '/third' });
    ways.push([`http://127.0.0.1:${await listen(t, server)}`, '/third']);
    assert.equal((await fetchWhole(`${ways[3][0]}/socket.io/?EIO=4&transport=polling`)).body, 'mine');
    assert.notEqual(io.engine, first);
    assert.equal(io.path(), '/socket.io');

    const clients = [];
    for (const [url, path] of ways) {
      for (const generation of generations) {
        const opened = client(t, generation, url, path);
        await waitFor(opened, 'connect');
        clients.push(opened);
      }
    }
    assert.equal(io.sockets.sockets.size, ways.length * generations.length);
    const heard = clients.map((opened) => waitFor(opened, 'to all'));
    io.emit('to all', 1);
    await Promise.all(heard);

    const gone = clients.map((opened) => waitFor(opened, 'disconnect'));
    await io.close();
    await Promise.all(gone);
    for (const [url] of ways) {
      const [error] = await once(connect(Number(new URL(url).port), '127.0.0.1'), 'error');
      assert.equal(error.code, 'ECONNREFUSED', url);
    }
  });

  it('one engine is closed, the others and their clients stay', async (t) => {
    const io = makeServer(0, settings);
    t.after(() => io.close());
    const url = `http://127.0.0.1:${portOf(io)}`;
    const staying = client(t, 4, url);
    await waitFor(staying, 'connect');
    const server = createServer();
    io.attach(server, { path: '/third' });
    const leaving = client(t, 4, `http://127.0.0.1:${await listen(t, server)}`, '/third');
    await waitFor(leaving, 'connect');
    const [, gone] = [...io.sockets.sockets.values()];
    const end = waitFor(gone, 'disconnect');
    await (io.engine as unknown as { close(): Promise<void> }).close();
    await end;
    const heard = waitFor(staying, 'still here');
    io.emit('still here');
    await heard;
    io.listen(0, { path: '/fourth' });
    await waitFor(client(t, 4, `http://127.0.0.1:${portOf(io)}`, '/fourth'), 'connect');
    assert.equal(io.sockets.sockets.size, 2);
  });

  it('refuses other threads by the name of the option, and goes on', async (t) => {
    const io: Server = new Server();
    t.after(() => io.close());
    io.listen(0, settings);
    const url = `http://127.0.0.1:${portOf(io)}`;
    assert.throws(() => io.listen(0, { ioThreads: 2 }), {
      code: 'ERR_OPTION_INVALID',
      message: /option ioThreads is 2, .* listens already with 1/,
    });
    assert.throws(() => io.listen(0, { nonsense: 1 } as never), { code: 'ERR_OPTION_UNKNOWN', message: /nonsense/ });
    assert.equal(portOf(io), Number(new URL(url).port));
    await waitFor(client(t, 4, url), 'connect');
  });
});
