/**
 * Closing the server: one server per test, so that the file runs few of them.
 */
import assert from 'node:assert/strict';
import { createServer as createNetServer } from 'node:net';
import { describe, it } from 'node:test';
import { generations } from '../support/clients.ts';
import { connectNamespace, connectPair, type Pair } from '../support/pairs.ts';
import { createServer, reference } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

describe('close', () => {
  for (const ioThreads of reference ? [1] : [1, 2, 4]) {
    it(`ends every socket with "server shutting down" and frees the port, I/O threads: ${ioThreads}`, async (t) => {
      const server = await createServer({ ioThreads });
      server.io.of('/other');
      const pairs: Pair[] = [];
      for (const generation of generations) {
        const main = await connectPair(t, server, generation);
        pairs.push(main, await connectNamespace(server, main, '/other'));
      }
      const ends = pairs.flatMap(({ client, socket }) => [
        waitFor(socket, 'disconnect'),
        waitFor(client, 'disconnect'),
      ]);
      await server.close();
      for (const [i, [reason]] of (await Promise.all(ends)).entries()) {
        assert.equal(reason, i % 2 === 0 ? 'server shutting down' : 'transport close');
      }
      const successor = createNetServer();
      await new Promise<void>((resolve, reject) => {
        successor.on('error', reject);
        successor.listen(server.port, resolve);
      });
      await new Promise((resolve) => successor.close(resolve));
    });
  }

  it('a second server in the process works beside and after the first', async (t) => {
    const first = await createServer({ ioThreads: 2 });
    const second = await createServer({ ioThreads: 2 });
    const [one, two] = [await connectPair(t, first, 4), await connectPair(t, second, 2)];
    const heardByOne: unknown[] = [];
    one.client.on('n', (n) => heardByOne.push(n));
    const marks = [waitFor(one.client, 'mark'), waitFor(two.client, 'n')];
    second.io.emit('n', 'second');
    first.io.emit('n', 'first');
    first.io.emit('mark');
    const [, [n]] = await Promise.all(marks);
    assert.equal(n, 'second');
    assert.deepEqual(heardByOne, ['first']);
    const gone = waitFor(one.client, 'disconnect');
    await first.close();
    await gone;
    const still = waitFor(two.client, 'n');
    second.io.emit('n', 'still here');
    assert.deepEqual(await still, ['still here']);
    await second.close();
  });
});
