/**
 * What goes wrong during an upgrade, in every state that the upgrade can be in: for each phase a row says how the session
 * comes out of it. The same between finer steps, at random, is in upgrade-faults.test.ts.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DESCRIPTION_NONE, REASON_TRANSPORT_ERROR, reasonText } from '../../core/session/reasons.ts';
import { COORDINATOR_THREAD, FIRST_IO_THREAD } from '../../core/shm/layout.ts';
import { SERVER } from '../support/one-thread.ts';
import { Random, SEED, seedOf } from '../support/random.ts';
import { PHASES, type Phase, type Place, type State, SteppedUpgrade, statesOf } from '../support/upgrade-states.ts';

const PLACES: readonly Place[] = [
  { ioThreads: 1, from: 0, to: 0, via: 0, revision: 4 },
  { ioThreads: 2, from: 0, to: 1, via: 0, revision: 3 },
  { ioThreads: 2, from: 0, to: 1, via: 1, revision: 4 },
  { ioThreads: 3, from: 2, to: 0, via: 1, revision: 4 },
];
/** One thread tells itself between two steps. */
const PHASES_OF_ONE_THREAD: readonly Phase[] = ['open', 'probed', 'committed', 'moved', 'live'];

/** The session lives, carried by that; or its client is gone, which it does not know; or it has ended for that reason. */
type Outcome = 'websocket' | 'polling' | 'abandoned' | ReturnType<typeof reasonText>;

interface Row {
  readonly name: string;
  readonly fault: (upgrade: SteppedUpgrade) => void | Promise<void>;
  /** Where it makes sense; by default everywhere. */
  readonly applies?: (upgrade: SteppedUpgrade) => boolean;
  readonly expected: (phase: Phase, upgrade: SteppedUpgrade) => Outcome;
  /** The end comes after everything sent before. */
  readonly orderly?: boolean;
  readonly endsServer?: boolean;
}

const isEarly = (phase: Phase): boolean => phase === 'asked' || phase === 'open' || phase === 'probed';
const early =
  (before: Outcome, after: Outcome) =>
  (phase: Phase): Outcome =>
    isEarly(phase) ? before : after;
const always = (outcome: Outcome) => (): Outcome => outcome;
/** The old thread has handed the session over, or will without noticing anything. */
const hasLeft = (phase: Phase): boolean =>
  phase === 'old thread knows' || phase === 'queue under way' || phase === 'live';

/** What an open request of the client means for its session when the request is cut off; undefined: none is open. */
function cutOff({ walk: { roamer } }: SteppedUpgrade): Outcome | undefined {
  if (roamer.poll !== undefined && roamer.poll.reply === undefined) return 'transport error';
  if (roamer.post === undefined || roamer.post.reply !== undefined) return undefined;
  return roamer.owesBody ? 'transport error' : 'abandoned';
}

/** The old thread dies; what it posted is heard of before its death is, or after. */
function oldDies({ walk, place }: SteppedUpgrade, lanesFirst: boolean): void {
  const { setup } = walk;
  walk.crash(place.from);
  if (lanesFirst) while (setup.lanes.deliver(place.to));
  while (setup.isAwake(COORDINATOR_THREAD)) setup.stepCoordinator();
  while (setup.isAwake(FIRST_IO_THREAD + place.to)) setup.stepIo(place.to);
}

function endSession({ walk }: SteppedUpgrade, discard: boolean): void {
  walk.setup.app.closeSession(walk.roamer.session, discard);
  walk.ended = true;
}

async function askToo({ walk }: SteppedUpgrade, revision: 3 | 4): Promise<void> {
  const { setup, roamer, random } = walk;
  const query = { ...roamer.query, transport: 'websocket', EIO: `${revision}` };
  const second = setup.upgrade(random.below(setup.io.length), query);
  await setup.settle();
  assert.equal(second.refused, 3);
}

const changesThread = ({ place }: SteppedUpgrade): boolean => place.from !== place.to;
const hasSocket = ({ walk }: SteppedUpgrade): boolean => walk.roamer.socket !== undefined;
const everyThread = ({ walk }: SteppedUpgrade): number[] => [...walk.setup.io.keys()];

const ROWS: readonly Row[] = [
  {
    name: 'the server ends the session',
    fault: (upgrade) => endSession(upgrade, false),
    expected: always('forced close'),
    orderly: true,
  },
  {
    name: 'the server ends the session without what waits',
    fault: (upgrade) => endSession(upgrade, true),
    expected: always('forced close'),
  },
  {
    name: 'the server closes',
    fault: (upgrade) => {
      upgrade.walk.setup.app.closeServer(SERVER);
      upgrade.walk.ended = true;
      for (const io of everyThread(upgrade)) upgrade.walk.lost.add(io);
    },
    expected: always('server shutting down'),
    endsServer: true,
  },
  {
    name: 'the WebSocket breaks',
    fault: ({ walk: { roamer } }) => {
      if (roamer.upgrading === undefined || roamer.socket !== undefined) return roamer.hangUp();
      roamer.upgrading.abort(); // while the request is parked
      roamer.upgrading.refused = 0;
    },
    expected: early('polling', 'transport close'),
  },
  {
    name: 'the client aborts its poll',
    applies: ({ walk: { roamer } }) => roamer.poll !== undefined && roamer.poll.reply === undefined,
    fault: ({ walk: { roamer } }) => roamer.abort(roamer.poll),
    expected: always('transport error'),
  },
  {
    name: 'the client aborts its post',
    applies: ({ walk: { roamer } }) => roamer.post !== undefined && roamer.post.reply === undefined,
    fault: ({ walk: { roamer } }) => roamer.abort(roamer.post),
    expected: (_, { walk: { roamer } }) => (roamer.owesBody ? 'transport error' : 'abandoned'),
  },
  {
    name: 'another frame comes on the candidate',
    applies: hasSocket,
    fault: ({ walk: { roamer } }) => roamer.frame(roamer.phase === 'live' ? '6' : '4hello'),
    expected: early('polling', 'websocket'),
  },
  {
    name: 'a frame that is none comes',
    applies: hasSocket,
    fault: ({ walk: { roamer } }) => roamer.frame('x'),
    expected: early('polling', 'parse error'),
  },
  {
    name: 'a second WebSocket asks for the session',
    fault: (upgrade) => askToo(upgrade, upgrade.place.revision),
    expected: always('websocket'),
  },
  {
    name: 'a WebSocket of the other revision asks for the session',
    fault: (upgrade) => askToo(upgrade, upgrade.place.revision === 4 ? 3 : 4),
    expected: always('websocket'),
  },
  {
    name: 'the time of the candidate is over',
    fault: (upgrade) => {
      upgrade.walk.setup.now += 11_000;
      for (const io of everyThread(upgrade)) upgrade.walk.setup.tick(io);
    },
    expected: early('polling', 'websocket'),
  },
  {
    name: 'the owner finds the heartbeat overdue',
    fault: (upgrade) => {
      const { setup, lost } = upgrade.walk;
      for (let i = 0; i < 12; i++) {
        setup.now += 10_000;
        setup.tick(upgrade.place.from);
      }
      for (const io of everyThread(upgrade)) lost.add(io);
    },
    expected: (phase, upgrade) => (hasLeft(phase) && changesThread(upgrade) ? 'websocket' : 'ping timeout'),
  },
  {
    name: 'the old thread dies, and its last words come first',
    applies: changesThread,
    fault: (upgrade) => oldDies(upgrade, true),
    expected: (phase) => (hasLeft(phase) ? 'websocket' : 'transport error'),
  },
  {
    name: 'the old thread dies, and the news come first',
    applies: changesThread,
    fault: (upgrade) => oldDies(upgrade, false),
    expected: (phase) => (phase === 'live' ? 'websocket' : 'transport error'),
  },
  {
    name: 'the new thread dies',
    applies: changesThread,
    fault: ({ walk, place }) => walk.crash(place.to),
    expected: (phase, upgrade) => {
      const { to, via } = upgrade.place;
      return early((via === to ? cutOff(upgrade) : undefined) ?? 'polling', 'transport error')(phase);
    },
  },
  {
    name: 'a thread that only passes requests on dies',
    applies: ({ place }) => place.ioThreads === 3,
    fault: ({ walk, place }) => walk.crash(place.via),
    expected: (_, upgrade) => cutOff(upgrade) ?? 'websocket',
  },
  {
    name: 'the one thread with everything dies',
    applies: ({ place }) => place.ioThreads === 1,
    fault: ({ walk }) => walk.crash(0),
    expected: always('transport error'),
  },
];

const states = new Map<Place, Promise<readonly State[]>>();
function allStates(place: Place): Promise<readonly State[]> {
  const known = states.get(place) ?? statesOf(place);
  states.set(place, known);
  return known;
}

function outcomeOf({ walk: { roamer } }: SteppedUpgrade): Outcome {
  if (roamer.closed !== undefined) return reasonText(roamer.closed[0]);
  if (roamer.over !== undefined) return 'abandoned';
  return roamer.phase === 'live' && roamer.upgradedAt !== undefined ? 'websocket' : 'polling';
}

/** Lets the fault happen in a state, everything else go on in a random order, and looks at what is left. */
async function walkRow(row: Row, place: Place, { path, phase }: State, random: Random): Promise<boolean> {
  const upgrade = await SteppedUpgrade.replay(place, path, random);
  const { walk } = upgrade;
  const { roamer } = walk;
  assert.equal(upgrade.phase, phase);
  if (row.applies?.(upgrade) === false) {
    walk.setup.close();
    return false;
  }
  const expected = row.expected(phase, upgrade);
  await row.fault(upgrade);
  for (let step = 30; step > 0; step--) await walk.step();
  await walk.finish();
  assert.equal(outcomeOf(upgrade), expected);
  walk.checkTraffic(expected === 'websocket' || expected === 'polling');
  if (roamer.closed !== undefined) {
    if (roamer.closed[0] !== REASON_TRANSPORT_ERROR) assert.equal(roamer.closed[1], DESCRIPTION_NONE);
    assert.ok(roamer.over !== undefined, 'the client knows');
    // A client whose post the end cuts off gives up at once, as it does with any polling server.
    if (row.orderly && !roamer.over.startsWith('post')) {
      assert.equal(roamer.received.length, walk.due.length, `all sent before the end came: ${roamer.over}`);
    }
  }
  if (row.endsServer) walk.setup.close();
  else await walk.checkNothingLeft();
  return true;
}

describe('the states of an upgrade', () => {
  for (const place of PLACES) {
    it(`are of every phase ${JSON.stringify(place)}`, async (t) => {
      const all = await allStates(place);
      const phases = PHASES.filter((phase) => all.some((state) => state.phase === phase));
      assert.deepEqual(phases, place.ioThreads === 1 ? PHASES_OF_ONE_THREAD : PHASES);
      t.diagnostic(
        phases.map((phase) => `${phase}: ${all.filter((state) => state.phase === phase).length}`).join(', '),
      );
    });
  }
});

for (const row of ROWS) {
  describe(`an upgrade during which ${row.name}`, () => {
    it('comes out of every state as the table says', async (t) => {
      const random = new Random(seedOf(row.name));
      let walked = 0;
      for (const place of PLACES) {
        const all = await allStates(place);
        for (const state of all) {
          try {
            if (await walkRow(row, place, state, new Random(random.next()))) walked++;
          } catch (error) {
            const where = `${state.phase}, ${JSON.stringify(place)}, after ${state.path.join(', ') || 'nothing'}`;
            throw new Error(`BROADSIDE_SEED=${SEED}: ${where}: ${(error as Error).message}`, { cause: error });
          }
        }
      }
      t.diagnostic(`${walked} states`);
      assert.ok(walked > 0);
    });
  });
}
