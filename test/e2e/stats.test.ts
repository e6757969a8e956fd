/**
 * The counters of `io.stats()` against what was really done. Broadside only.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { closeConnection, type Generation } from '../support/clients.ts';
import { forEveryClient, forEveryThreadCount, type ServerOf } from '../support/matrix.ts';
import { connectPair, freshNamespace, type Pair } from '../support/pairs.ts';
import { reference } from '../support/server.ts';
import { PATIENCE_MS, waitFor, waitForAll } from '../support/wait-for.ts';

type Counters = Record<string, number>;
interface Stats {
  total: Counters;
  ioThreads: Counters[];
  namespaces: Record<string, { sockets: number; rooms: number }>;
}

const statsOf = (server: ServerOf): Stats => (server().io as unknown as { stats(): Stats }).stats();

/** Waits until a counter has grown by `growth`: threads write their counters after the work, not before. */
async function untilGrown(server: ServerOf, before: Stats, counter: string, growth: number): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  const grown = () => statsOf(server).total[counter] - before.total[counter];
  while (grown() < growth && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(grown(), growth, counter);
}

async function connectThree(t: TestContext, server: ServerOf, generation: Generation, name: string): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let i = 0; i < 3; i++) pairs.push(await connectPair(t, server(), generation, name));
  return pairs;
}

if (!reference) {
  forEveryThreadCount('stats', {}, (server) => {
    forEveryClient('sessions, deliveries and messages are counted one by one', async (t, generation) => {
      const name = freshNamespace();
      const namespace = server().io.of(name);
      const start = statsOf(server);
      const pairs = await connectThree(t, server, generation, name);
      await untilGrown(server, start, 'sessionsOpened', 3);
      // A round trip each: nothing of the connecting is still under way when counting starts.
      for (const { client, socket } of pairs) {
        const echo = waitFor(client, 'echo');
        socket.once('ask', () => socket.emit('echo'));
        client.emit('ask');
        await echo;
      }
      // CONNECT and echo for each, and for 2.x the CONNECT of the main namespace.
      const connected = generation === 2 ? 9 : 6;
      await untilGrown(server, start, 'deliveries', connected);
      const ready = statsOf(server);
      for (const { socket } of pairs) socket.join('r');
      pairs[0].socket.join('s');
      assert.deepEqual(statsOf(server).namespaces[name], { sockets: 3, rooms: 5 });
      const heard = pairs.map(({ client }) => waitForAll(client, 'n', { count: 11 }));
      for (let n = 0; n < 10; n++) namespace.to('r').emit('n', n);
      namespace.emit('n', Buffer.from('counts once'));
      await Promise.all(heard);
      await untilGrown(server, ready, 'deliveries', 33);
      const said = waitForAll(pairs[0].socket, 'say', { count: 7 });
      for (let n = 0; n < 7; n++) pairs[0].client.emit('say', n);
      await said;
      await untilGrown(server, ready, 'messagesIn', 7);
      const ends = pairs.map(({ socket }) => waitFor(socket, 'disconnect'));
      for (const { client } of pairs) closeConnection(client);
      await Promise.all(ends);
      await untilGrown(server, ready, 'sessionsClosed', 3);
      assert.deepEqual(statsOf(server).namespaces[name], { sockets: 0, rooms: 0 });
      assert.equal(statsOf(server).total.dropped, start.total.dropped);
      assert.equal(statsOf(server).total.slowClosed, start.total.slowClosed);
      assert.equal(statsOf(server).total.queuedBytes, 0);
    });

    forEveryClient('the totals are the sums over the I/O threads', async (t, generation) => {
      await connectThree(t, server, generation, '/');
      const { total, ioThreads } = statsOf(server);
      for (const [counter, sum] of Object.entries(total)) {
        assert.equal(
          ioThreads.reduce((part, counters) => part + counters[counter], 0),
          sum,
          counter,
        );
      }
      assert.ok(total.sessionsOpened - total.sessionsClosed >= 3);
    });
  });
}
