/**
 * Upgrades accepted after their request's handler has returned, while the memory they give back is filled at once with
 * what uWebSockets.js would take for "answered, close the connection".
 */

import { App, us_socket_local_port } from 'uWebSockets.js';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { it, type TestContext } from 'node:test';
import { openSpareCork } from '../../workers/spare-cork.ts';

const UPGRADES = 1500;
const AT_ONCE = 100;
const HEAD =
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

function fillSmallHoles(): ArrayBuffer[] {
  return [32, 48, 64, 80, 96, 128, 192, 256].map((bytes) => {
    const hole = new ArrayBuffer(bytes);
    new Uint8Array(hole).fill(0x10);
    return hole;
  });
}

/** An app that accepts in the next turn, and says so on the new WebSocket one turn later. */
function openApp(t: TestContext, accept: (upgrade: () => void) => void): { port: number; closed: () => number } {
  const kept: ArrayBuffer[] = [];
  let closed = 0;
  let port = 0;
  const app = App();
  app.ws('/*', {
    upgrade(res, req, context) {
      const key = req.getHeader('sec-websocket-key');
      res.onAborted(() => {});
      setImmediate(() => accept(() => res.upgrade({}, key, '', '', context)));
    },
    open(socket) {
      kept.push(...fillSmallHoles());
      setImmediate(() => socket.send('open'));
    },
    close: () => void closed++,
  });
  app.listen('127.0.0.1', 0, (socket) => {
    assert.ok(socket);
    port = us_socket_local_port(socket);
  });
  t.after(() => app.close());
  return { port, closed: () => closed };
}

async function openClient(port: number): Promise<Socket> {
  const client = connect(port, '127.0.0.1');
  client.write(HEAD);
  let heard = '';
  while (!heard.endsWith('\x81\x04open')) {
    const [chunk] = await Promise.race([once(client, 'data'), once(client, 'end').then(() => [undefined])]);
    assert.ok(chunk !== undefined, `closed after ${JSON.stringify(heard)}`);
    heard += (chunk as Buffer).toString('latin1');
  }
  return client;
}

it('an upgrade in the spare cork stays open', async (t) => {
  const cork = await openSpareCork();
  t.after(() => cork.close());
  const { port, closed } = openApp(t, cork.run);
  for (let n = 0; n < UPGRADES; n += AT_ONCE) {
    const clients = await Promise.all(Array.from({ length: AT_ONCE }, () => openClient(port)));
    assert.equal(closed(), n);
    for (const client of clients) client.destroy();
    while (closed() < n + AT_ONCE) await new Promise((resolve) => setImmediate(resolve));
  }
});

it('within a cork that is open already, the spare one steps aside', async (t) => {
  const cork = await openSpareCork();
  t.after(() => cork.close());
  const ran: string[] = [];
  cork.run(() => cork.run(() => ran.push('inside')));
  assert.deepEqual(ran, ['inside']);
});
