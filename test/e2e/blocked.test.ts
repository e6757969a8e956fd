/**
 * What a handler sends leaves while the handler goes on, even if it gives nobody else a turn until its client has it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { PATIENCE_MS, within } from '../support/wait-for.ts';
import { makeServer } from '../support/ways.ts';

/** So many that a packet left lying until something else wakes the threads, a tenth of a second later, shows. */
const STEPS = 400;

describe('a handler that blocks the application', () => {
  it('holds back nothing that it has sent', async (t) => {
    const io = makeServer(0, { ioThreads: 1 });
    t.after(() => io.close());
    const heard = new Int32Array(new SharedArrayBuffer(4));
    io.on('connection', (socket) => {
      socket.on('work', () => {
        const deadline = performance.now() + PATIENCE_MS;
        for (let step = 1; step <= STEPS; step++) {
          socket.emit('step', step);
          Atomics.wait(heard, 0, step - 1, Math.max(0, deadline - performance.now()));
        }
        socket.emit('done', Atomics.load(heard, 0));
      });
    });
    const { port } = (io.httpServer as unknown as { address(): AddressInfo }).address();
    const client = new Worker(new URL('blocked-client.mjs', import.meta.url), { workerData: { port, heard } });
    const [seen] = await within(once(client, 'message'), 'the report of the client');
    assert.equal(seen, STEPS, 'steps that the client had heard of when the handler was done');
  });
});
