/**
 * Real clients of three generations under random calls: nothing lost, doubled or reordered, by the model.
 * BROADSIDE_SEED repeats the choices, though not the moments at which clients arrive; BROADSIDE_SOAK=long runs longer.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SEED } from '../support/random.ts';
import { reference } from '../support/server.ts';
import { soakFactor, withSoak } from './soak-server.ts';

interface Variant {
  ioThreads: number;
  clients: number;
  phases: number;
  callsPerPhase: number;
}

const variants: readonly Variant[] = [
  { ioThreads: 1, clients: 100, phases: 5, callsPerPhase: 600 },
  { ioThreads: 4, clients: 100, phases: 5, callsPerPhase: 600 },
  { ioThreads: 2, clients: 500, phases: 10, callsPerPhase: 1000 },
];

describe('soak', () => {
  for (const { ioThreads, clients, phases, callsPerPhase } of reference ? variants.slice(1) : variants) {
    it(`${clients} clients receive exactly what the model predicts, I/O threads: ${ioThreads}`, async (t) => {
      t.diagnostic(`BROADSIDE_SEED=${SEED}`);
      await withSoak({ ioThreads }, clients, async ({ driver }) => {
        const { model } = driver;
        for (let phase = 0; phase < phases * soakFactor; phase++) {
          await driver.run(callsPerPhase);
          await driver.settle();
        }
        t.diagnostic(`${model.predicted} deliveries predicted and received`);
        assert.ok(model.predicted > phases * callsPerPhase, 'the run was too quiet to show anything');
        assert.deepEqual(driver.faults, []);
      });
    });
  }
});
