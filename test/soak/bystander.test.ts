/**
 * One client's echo while bursts go to a thousand others. The time is printed, only completeness is asserted.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ClientHost } from '../support/child.ts';
import { createServer, reference } from '../support/server.ts';
import type { EchoReport, EchoRequest } from './echo-host.ts';
import { LeanCrowd } from './lean-crowd.ts';
import { soakFactor } from './soak-server.ts';

const CROWD = 1000;
const EMITS_PER_BURST = 10;
/** The reference takes about 90 ms per burst. */
const BURSTS = reference ? 40 : 300;

function quantile(sorted: readonly number[], share: number): string {
  return `${sorted[Math.floor((sorted.length - 1) * share)].toFixed(1)} ms`;
}

it('a bystander is answered while bursts of 10,000 deliveries run, and no burst loses a message', async (t) => {
  const server = await createServer({ ioThreads: 1 });
  const bystander = new ClientHost<EchoRequest, EchoReport>(new URL('echo-host.ts', import.meta.url));
  const crowd = new LeanCrowd(server, CROWD);
  try {
    server.io.of('/bystander').on('connection', (socket) => {
      socket.on('echo', (n: number, answer: (n: number) => void) => answer(n));
    });
    await crowd.connect();
    await bystander.request({ kind: 'start', port: server.port, namespace: '/bystander' }, 'the first echo');
    for (let burst = 0; burst < BURSTS * soakFactor; burst++) {
      // One burst is always under way, so that the bystander is never measured against an idle server.
      crowd.broadcast(EMITS_PER_BURST);
      await crowd.reached(EMITS_PER_BURST);
    }
    await crowd.settle();
    const { roundTripsMs, wrong } = await bystander.request({ kind: 'stop' }, 'the last echo');
    assert.equal(wrong, 0);
    assert.ok(roundTripsMs.length > 0);
    const sorted = roundTripsMs.sort((a, b) => a - b);
    t.diagnostic(
      `echo of a bystander during bursts: median ${quantile(sorted, 0.5)}, 99 % ${quantile(sorted, 0.99)}, ` +
        `${sorted.length} round trips`,
    );
  } finally {
    await Promise.all([crowd.close(), bystander.close()]);
    await server.close();
  }
});
