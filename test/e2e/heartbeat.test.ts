/**
 * Heartbeats of both Engine.IO revisions with short intervals. Stock clients, and bare ones that do not answer.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LeanClient } from '../support/lean-client.ts';
import { forEveryClient, forEveryThreadCount } from '../support/matrix.ts';
import { connectPair } from '../support/pairs.ts';
import { type EventSource, waitFor, waitForAll, within } from '../support/wait-for.ts';

forEveryThreadCount('heartbeat', { pingInterval: 150, pingTimeout: 1000 }, (server) => {
  forEveryClient('a client that answers stays connected', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    // The answer of the server in 2.x, where the client pings; the ping of the server in later ones.
    const received = generation === 2 ? 'pong' : 'ping';
    const engine = client.io.engine as unknown as EventSource;
    await waitForAll(engine, 'packet', { count: 3, filter: ({ type }) => type === received });
    assert.equal(socket.connected, true);
    assert.equal(await new Promise((resolve) => client.once('n', resolve) && socket.emit('n', 1)), 1);
  });

  it('a client that does not answer ends with ping timeout, in both revisions', async () => {
    async function watch(revision: 3 | 4): Promise<string> {
      const arrival = waitFor(server().io, 'connection', ({ handshake }) => handshake.query.EIO === `${revision}`);
      const closed = new Promise<void>((resolve) => {
        new LeanClient({ port: server().port, revision, mute: true, onClose: resolve });
      });
      const [socket] = await arrival;
      const [reason] = await waitFor(socket, 'disconnect');
      await within(closed, 'the end of the TCP connection');
      return reason;
    }
    assert.deepEqual(await Promise.all([watch(3), watch(4)]), ['ping timeout', 'ping timeout']);
  });
});
