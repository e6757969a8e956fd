/**
 * Ports of our own: any, named, several, and the host they are on.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net';
import { describe, it } from 'node:test';
import { PortServer } from '../../core/api/port-server.ts';
import { closeConnection, openClient, openUrl } from '../support/clients.ts';
import { waitFor } from '../support/wait-for.ts';
import { makeServer } from '../support/ways.ts';

const settings = { ioThreads: 1 };
const addressOf = (io: { httpServer: unknown }) =>
  (io.httpServer as { address(): { address: string; family: string; port: number } | null }).address();

async function assertServes(client: ReturnType<typeof openClient>): Promise<void> {
  try {
    await waitFor(client, 'connect');
  } finally {
    closeConnection(client);
  }
}

describe('a port', () => {
  it('3, 29: port 0 is any free one, a numeric string is a port, and both are bound at once', async (t) => {
    const first = makeServer(0, settings);
    t.after(() => first.close());
    const { port } = addressOf(first) ?? { port: 0 };
    assert.ok(port > 0);
    await assertServes(openClient(4, port));
    await first.close();
    const second = makeServer(String(port), settings);
    t.after(() => second.close());
    assert.equal(addressOf(second)?.port, port);
    await assertServes(openClient(2, port));
  });

  it('30: several calls of listen() take several ports, which close() frees together', async (t) => {
    const io = makeServer(0, settings);
    t.after(() => io.close());
    const ports = [addressOf(io)?.port ?? 0];
    for (let i = 0; i < 2; i++) {
      io.listen(0);
      ports.push(addressOf(io)?.port ?? 0);
    }
    assert.equal(new Set(ports).size, 3);
    for (const port of ports) await assertServes(openClient(4, port));
    const closed = io.close();
    for (const port of ports) {
      const successor: NetServer = createServer().listen(port);
      await waitFor(successor, 'listening');
      successor.close();
    }
    await closed;
  });

  it('listens on the host it was told', async (t) => {
    for (const [host, family, url] of [
      ['127.0.0.1', 'IPv4', 'http://127.0.0.1'],
      ['::1', 'IPv6', 'http://[::1]'],
    ]) {
      const io = makeServer(0, { ...settings, host });
      t.after(() => io.close());
      const address = addressOf(io);
      assert.deepEqual([address?.address, address?.family], [host, family]);
      await assertServes(openUrl(4, `${url}:${address?.port}`));
    }
  });

  it('says which address a name has given it, as a Node server does', async (t) => {
    const node = createServer().listen(0, 'localhost');
    await waitFor(node, 'listening');
    t.after(() => node.close());
    const io = makeServer(0, { ...settings, host: 'localhost' });
    t.after(() => io.close());
    const { address, family } = node.address() as AddressInfo;
    const own = addressOf(io);
    assert.deepEqual([own?.address, own?.family], [address, family]);
    await assertServes(openUrl(4, `http://${family === 'IPv6' ? `[${address}]` : address}:${own?.port}`));
  });

  it('that cannot be bound makes an error event with the cause that a Node server would name', async (t) => {
    const taken = createServer().listen(0);
    await waitFor(taken, 'listening');
    t.after(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    for (const [on, host] of [
      [port, undefined],
      [port, '127.0.0.1'],
      [0, '203.0.113.5'],
      [0, 'no.such.host.invalid'],
    ] as const) {
      const node = createServer().listen(on, host);
      const [expected] = (await waitFor(node, 'error')) as [NodeJS.ErrnoException];
      const io = makeServer(on, { ...settings, host });
      t.after(() => io.close());
      assert.equal(addressOf(io), null);
      const [error] = (await waitFor(io.httpServer, 'error')) as [NodeJS.ErrnoException];
      assert.deepEqual({ ...error }, { ...expected }, `${host}:${on}`);
      assert.equal(error.message, expected.message);
    }
  });

  it('that could be bound after all says so', async () => {
    const refused = new PortServer({ port: 0, host: '127.0.0.1' }, { port: -1, address: undefined }, async () => {});
    const [error] = await once(refused, 'error');
    assert.equal(error.code, 'ERR_LISTEN_FAILED');
    assert.match(error.message, /127\.0\.0\.1, port 0/);
  });
});
