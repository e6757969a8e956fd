/** Upgrades from polling to a WebSocket on another I/O thread or the same, in many orders of all steps. */
import { describe, it } from 'node:test';
import { inOrders, UpgradeWalk } from '../support/upgrade-walk.ts';

const PLACES = [
  { ioThreads: 1, from: 0, to: 0 },
  { ioThreads: 2, from: 0, to: 1 },
  { ioThreads: 2, from: 1, to: 1 },
  { ioThreads: 3, from: 2, to: 0 },
];
const ORDERS = 60;

for (const place of PLACES) {
  describe(`an upgrade from thread ${place.from} to ${place.to} of ${place.ioThreads}`, () => {
    for (const revision of [3, 4] as const) {
      for (const large of [false, true]) {
        it(`loses, doubles and reorders nothing in any order of steps (EIO ${revision}, large: ${large})`, async (t) => {
          await inOrders(ORDERS / (large ? 3 : 1), `${place.from} ${place.to} ${t.name}`, async (random) => {
            const early = random.chance(0.5);
            const walk = await UpgradeWalk.start({ ...place, revision, large, random, early });
            await walk.run();
            walk.checkComplete();
            await walk.checkMoved();
            await walk.checkNothingLeft();
          });
        });
      }
    }
  });
}
