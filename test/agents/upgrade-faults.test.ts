/** What goes wrong during an upgrade, at any moment of it, in many orders of all steps. State by state: upgrade-rows.test.ts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  DESCRIPTION_NONE,
  REASON_FORCED_CLOSE,
  REASON_PARSE_ERROR,
  REASON_PING_TIMEOUT,
  REASON_SERVER_SHUTTING_DOWN,
  REASON_TRANSPORT_CLOSE,
  REASON_TRANSPORT_ERROR,
} from '../../core/session/reasons.ts';
import { SERVER } from '../support/one-thread.ts';
import { inOrders, UpgradeWalk, type WalkSettings } from '../support/upgrade-walk.ts';

const PLACES = [
  { ioThreads: 1, from: 0, to: 0 },
  { ioThreads: 2, from: 0, to: 1 },
  { ioThreads: 3, from: 2, to: 0 },
];
const ORDERS = 20;

interface Row {
  readonly name: string;
  /** Happens at a random moment after the upgrade began. */
  readonly fault: (walk: UpgradeWalk) => void | Promise<void>;
  /** Reasons the app may be told; none: the session must live on. */
  readonly reasons: readonly number[];
  /** An end of this kind comes after everything sent before. */
  readonly orderly?: boolean;
  /** The session must not survive; for a function, when it says so. */
  readonly fatal?: boolean | ((walk: UpgradeWalk) => boolean);
  readonly endsServer?: boolean;
  readonly applies?: (place: Omit<WalkSettings, 'random'>) => boolean;
}

const ROWS: readonly Row[] = [
  {
    name: 'the server ends the session',
    fault: (walk) => {
      walk.setup.app.closeSession(walk.roamer.session, false);
      walk.ended = true;
    },
    reasons: [REASON_FORCED_CLOSE],
    orderly: true,
    fatal: true,
  },
  {
    name: 'the server ends the session without what waits',
    fault: (walk) => {
      walk.setup.app.closeSession(walk.roamer.session, true);
      walk.ended = true;
    },
    reasons: [REASON_FORCED_CLOSE],
    fatal: true,
  },
  {
    name: 'the server closes',
    fault: (walk) => {
      walk.setup.app.closeServer(SERVER);
      walk.ended = true;
      for (let io = 0; io < walk.setup.io.length; io++) walk.lost.add(io);
    },
    reasons: [REASON_SERVER_SHUTTING_DOWN],
    fatal: true,
    endsServer: true,
  },
  {
    name: 'the WebSocket breaks',
    fault: ({ roamer }) => roamer.hangUp(),
    reasons: [REASON_TRANSPORT_CLOSE],
  },
  {
    name: 'the client aborts its poll',
    fault: ({ roamer }) => roamer.abort(roamer.poll),
    reasons: [REASON_TRANSPORT_ERROR],
    fatal: ({ roamer }) => roamer.poll?.aborted === true,
  },
  {
    name: 'the client aborts its post',
    fault: ({ roamer }) => roamer.abort(roamer.post),
    reasons: [REASON_TRANSPORT_ERROR],
  },
  {
    name: 'another frame comes on the candidate',
    fault: ({ roamer }) => roamer.frame(roamer.phase === 'live' ? '6' : '4hello'),
    reasons: [],
  },
  {
    name: 'a frame that is none comes',
    fault: ({ roamer }) => roamer.frame('x'),
    reasons: [REASON_PARSE_ERROR],
  },
  {
    name: 'a second WebSocket asks for the session',
    fault: async ({ roamer, setup, random }) => {
      const second = setup.upgrade(random.below(setup.io.length), { ...roamer.query, transport: 'websocket' });
      const rival = roamer.upgrading;
      await setup.settle();
      assert.ok(second.refused === 3 || rival?.refused === 3, 'one of the two is refused');
    },
    reasons: [],
  },
  {
    name: 'a WebSocket of the other revision asks for the session',
    fault: async ({ roamer, setup, random }) => {
      const query = { ...roamer.query, transport: 'websocket', EIO: roamer.revision === 4 ? '3' : '4' };
      const second = setup.upgrade(random.below(setup.io.length), query);
      await setup.settle();
      assert.equal(second.refused, 3);
    },
    reasons: [],
  },
  {
    name: 'the time of the candidate is over',
    fault: ({ setup }) => {
      setup.now += 11_000;
      for (let io = 0; io < setup.io.length; io++) setup.tick(io);
    },
    reasons: [],
  },
  {
    name: 'the owner finds the heartbeat overdue',
    fault: (walk) => {
      const { setup, settings } = walk;
      for (let i = 0; i < 12; i++) {
        setup.now += 10_000;
        setup.tick(settings.from);
      }
      walk.lost.add(settings.from); // its bystanders time out, too
      for (let io = 0; io < setup.io.length; io++) walk.lost.add(io);
    },
    reasons: [REASON_PING_TIMEOUT],
  },
  {
    name: 'the old thread dies',
    fault: (walk) => walk.crash(walk.settings.from),
    reasons: [REASON_TRANSPORT_ERROR, REASON_TRANSPORT_CLOSE],
    applies: ({ from, to }) => from !== to,
  },
  {
    name: 'the new thread dies',
    fault: (walk) => walk.crash(walk.settings.to),
    reasons: [REASON_TRANSPORT_ERROR],
    applies: ({ from, to }) => from !== to,
  },
  {
    name: 'a thread that only passes requests on dies',
    fault: (walk) => walk.crash(1),
    reasons: [REASON_TRANSPORT_ERROR],
    applies: ({ ioThreads }) => ioThreads === 3,
  },
  {
    name: 'the one thread with everything dies',
    fault: (walk) => walk.crash(0),
    reasons: [REASON_TRANSPORT_ERROR],
    fatal: true,
    applies: ({ ioThreads }) => ioThreads === 1,
  },
];

for (const row of ROWS) {
  describe(`an upgrade during which ${row.name}`, () => {
    for (const place of PLACES) {
      if (row.applies?.(place) === false) continue;
      it(`ends one way or the other, from thread ${place.from} to ${place.to} of ${place.ioThreads}`, async (t) => {
        await inOrders(ORDERS, `${row.name} ${t.name}`, (random) =>
          walkRow(row, { ...place, random, revision: random.pick([3, 4] as const), large: random.chance(0.2) }),
        );
      });
    }
  });
}

async function walkRow(row: Row, settings: WalkSettings): Promise<void> {
  const walk = await UpgradeWalk.start(settings);
  const { roamer, random } = walk;
  for (let step = random.below(40); step > 0; step--) await walk.step();
  roamer.upgrade(settings.to);
  for (let step = random.below(80); step > 0; step--) await walk.step();
  await row.fault(walk);
  for (let step = 60; step > 0; step--) await walk.step();
  await walk.finish();
  const isFatal = typeof row.fatal === 'function' ? row.fatal(walk) : row.fatal === true;
  assert.ok(!isFatal || roamer.closed !== undefined, 'the session must end');
  if (roamer.closed === undefined && roamer.over === undefined) {
    assert.ok(roamer.phase === 'live' || roamer.phase === 'polling');
    walk.checkTraffic(true);
  } else if (roamer.closed !== undefined) {
    assert.ok(row.reasons.includes(roamer.closed[0]), `ended with reason ${roamer.closed.join(', ')}`);
    if (roamer.closed[0] !== REASON_TRANSPORT_ERROR) assert.equal(roamer.closed[1], DESCRIPTION_NONE);
    assert.ok(roamer.over !== undefined, 'the client knows');
    walk.checkTraffic(false);
    // A client whose post the end cuts off gives up at once, as it does with any polling server.
    if (row.orderly && !roamer.over.startsWith('post')) {
      assert.equal(roamer.received.length, walk.due.length, `all sent before the end came: ${roamer.over}`);
    }
  } else {
    walk.checkTraffic(false); // the client is gone, and the server finds out by its heartbeat
  }
  if (row.endsServer) walk.setup.close();
  else await walk.checkNothingLeft();
}
