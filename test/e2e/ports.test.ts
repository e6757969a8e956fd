/**
 * Ports of our own: any, named, several, and the host they are on.
 */
import assert from 'node:assert/strict';
import { createServer, type Server as NetServer } from 'node:net';
import { describe, it } from 'node:test';
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
});
