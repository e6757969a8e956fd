/**
 * A busy app thread hurts nobody: heartbeats short enough that a server which starves with it would lose every client,
 * the thread blocked at random moments, and broadcasts to thousands in between.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { SEED } from '../support/random.ts';
import { reference } from '../support/server.ts';
import { LeanCrowd } from './lean-crowd.ts';
import { soakFactor, withSoak } from './soak-server.ts';

const BLOCK_MS = 3000;
/** Together less than the block: a client that hears nothing from the server for so long gives up, and so does the server. */
const HEARTBEAT = { pingInterval: 500, pingTimeout: 2000 };
const CLIENTS = 500;
const LEAN_CLIENTS = 5000;
const BLOCKS = 3;

/** Keeps the app thread busy; nothing else can run on it. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const skip = reference && 'the reference serves its clients on the app thread';

it('no healthy client times out and nothing is lost while the app thread is blocked', { skip }, async (t) => {
  t.diagnostic(`BROADSIDE_SEED=${SEED}`);
  await withSoak({ ioThreads: 2, ...HEARTBEAT }, CLIENTS, async ({ server, driver }) => {
    const crowd = new LeanCrowd(server, LEAN_CLIENTS);
    try {
      await crowd.connect();
      for (let blocks = 0; blocks < BLOCKS * soakFactor; blocks++) {
        await driver.run(driver.random.between(1, 400));
        crowd.broadcast(driver.random.between(1, 20));
        block(BLOCK_MS);
        crowd.broadcast(driver.random.between(1, 20));
        await driver.run(driver.random.between(1, 400));
        await Promise.all([driver.settle(), crowd.settle()]);
      }
      assert.deepEqual(driver.faults, []);
      t.diagnostic(`${driver.model.predicted} deliveries predicted and received by stock clients`);
    } finally {
      await crowd.close();
    }
  });
});
