/** Heartbeat rules of both revisions with a clock of the test's own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Heartbeat } from '../../core/session/heartbeat.ts';
import { Random, SEED } from '../support/random.ts';

const INTERVAL = 1000;
const TIMEOUT = 400;

/** A heartbeat whose loop turns every tick; `run` returns what happened as `ping 0@1000` lines. */
class Probe {
  readonly beat: Heartbeat;
  now: number;
  #events: string[] = [];

  constructor(options = { pingInterval: INTERVAL, pingTimeout: TIMEOUT }, start = 0, slots = 8) {
    this.now = start;
    this.beat = new Heartbeat(slots, options, start);
  }

  /** Lets time pass in turns of one tick up to `until`. */
  run(until: number): string[] {
    while (this.now < until) this.step(Math.min(this.now + this.beat.tickMs, until));
    return this.take();
  }

  /** One turn at `now`, however long after the last one. */
  step(now: number): void {
    this.now = now;
    this.beat.advance(
      now,
      (slot) => this.#events.push(`ping ${slot}@${now}`),
      (slot) => this.#events.push(`expire ${slot}@${now}`),
    );
  }

  take(): string[] {
    return this.#events.splice(0);
  }
}

describe('revision 4', () => {
  test('a ping goes out after the interval, and silence ends the session after the timeout', () => {
    const probe = new Probe();
    probe.beat.open(3, 4, 0);
    assert.deepEqual(probe.run(10_000), ['ping 3@1000', 'expire 3@1400']);
  });

  test('the next ping is counted from the pong', () => {
    const probe = new Probe();
    probe.beat.open(0, 4, 0);
    assert.deepEqual(probe.run(1200), ['ping 0@1000']);
    probe.beat.pong(0, 1200);
    assert.deepEqual(probe.run(2320), ['ping 0@2200']);
    probe.beat.pong(0, 2320);
    assert.deepEqual(probe.run(3700), ['ping 0@3320']);
    assert.deepEqual(probe.run(3720), ['expire 0@3720']);
  });

  test('a packet while the pong is awaited prolongs once, a second one does not', () => {
    const probe = new Probe();
    probe.beat.open(0, 4, 0);
    probe.run(1200);
    probe.beat.packet(0, 1200);
    assert.deepEqual(probe.run(1520), []);
    probe.beat.packet(0, 1520);
    assert.deepEqual(probe.run(10_000), ['expire 0@1600']);
  });

  test('each ping may be prolonged anew', () => {
    const probe = new Probe();
    probe.beat.open(0, 4, 0);
    for (let ping = 1000; ping < 10_000; ping += 1600) {
      assert.deepEqual(probe.run(ping + 200), [`ping 0@${ping}`]);
      probe.beat.packet(0, probe.now);
      assert.deepEqual(probe.run(ping + 600 - probe.beat.tickMs), []);
      probe.beat.packet(0, probe.now);
      probe.beat.pong(0, ping + 600);
    }
  });

  test('packets between the pings neither delay the next one nor replace its pong', () => {
    const probe = new Probe();
    probe.beat.open(0, 4, 0);
    for (let at = 80; at < 1000; at += 80) {
      assert.deepEqual(probe.run(at), []);
      probe.beat.packet(0, at);
    }
    assert.deepEqual(probe.run(10_000), ['ping 0@1000', 'expire 0@1400']);
  });

  test('a pong that nobody asked for starts the interval again', () => {
    const probe = new Probe();
    probe.beat.open(0, 4, 0);
    probe.run(800);
    probe.beat.pong(0, 800);
    assert.deepEqual(probe.run(1900), ['ping 0@1800']);
  });
});

describe('revision 3', () => {
  test('silence of interval and timeout together ends the session, and no ping goes out', () => {
    const probe = new Probe();
    probe.beat.open(0, 3, 0);
    assert.deepEqual(probe.run(10_000), ['expire 0@1400']);
  });

  test('every packet, a stray pong too, starts the time anew', () => {
    const probe = new Probe();
    probe.beat.open(0, 3, 0);
    for (let at = 1360; at < 20_000; at += 1360) {
      assert.deepEqual(probe.run(at), []);
      if (at % 80 === 0) probe.beat.packet(0, at);
      else probe.beat.pong(0, at);
    }
    const last = Math.floor(19_999 / 1360) * 1360;
    assert.deepEqual(probe.run(50_000), [`expire 0@${last + 1400}`]);
  });
});

describe('after a stall', () => {
  /** Both revisions past their deadline, found by one late call. */
  const stalled = (): Probe => {
    const probe = new Probe();
    probe.beat.open(3, 3, 0);
    probe.beat.open(4, 4, 0);
    assert.deepEqual(probe.run(1200), ['ping 4@1000']);
    probe.step(9000);
    assert.deepEqual(probe.take(), [], 'nobody expires before the sockets were read');
    return probe;
  };

  test('the first call ends nobody, the next one ends who is still silent', () => {
    const probe = stalled();
    probe.step(9000 + probe.beat.tickMs);
    assert.deepEqual(probe.take().sort(), ['expire 3@9040', 'expire 4@9040']);
  });

  test('the next call ends who is silent even when it is late too', () => {
    const probe = stalled();
    probe.step(20_000);
    assert.deepEqual(probe.take().sort(), ['expire 3@20000', 'expire 4@20000']);
  });

  test('what was read in between saves the session', () => {
    const probe = stalled();
    probe.beat.packet(3, 9001);
    probe.beat.pong(4, 9001);
    assert.deepEqual(probe.run(10_440).sort(), ['expire 3@10440', 'expire 4@10440', 'ping 4@10040']);
  });

  test('a packet other than the pong saves a session of revision 4 for one timeout', () => {
    const probe = stalled();
    probe.beat.packet(4, 9000);
    assert.deepEqual(probe.run(9400), ['expire 3@9040', 'expire 4@9400']);
  });

  test('pings that are due go out at once, with the whole timeout to answer', () => {
    const probe = new Probe();
    probe.beat.open(0, 4, 0);
    probe.step(5000);
    assert.deepEqual(probe.take(), ['ping 0@5000']);
    assert.deepEqual(probe.run(5399), []);
    assert.deepEqual(probe.run(5400), ['expire 0@5400']);
  });

  test('a loop that is always late still ends the silent', () => {
    const probe = new Probe();
    probe.beat.open(0, 3, 0);
    probe.beat.open(1, 4, 0);
    for (let now = 700; now <= 7000; now += 700) probe.step(now);
    assert.deepEqual(probe.take(), ['ping 1@1400', 'expire 0@2100', 'expire 1@2800']);
  });
});

describe('slots', () => {
  test('a closed slot is silent and may be opened again with the other revision', () => {
    const probe = new Probe();
    probe.beat.open(0, 4, 0);
    probe.beat.close(0);
    probe.beat.close(0);
    probe.beat.packet(0, 10);
    probe.beat.pong(0, 10);
    assert.deepEqual(probe.run(5000), []);
    probe.beat.open(0, 3, 5000);
    assert.deepEqual(probe.run(10_000), ['expire 0@6400']);
    probe.beat.open(0, 4, 10_000);
    assert.deepEqual(probe.run(11_000), ['ping 0@11000']);
  });

  test('opening an open slot is refused', () => {
    const probe = new Probe();
    probe.beat.open(0, 4, 0);
    assert.throws(() => probe.beat.open(0, 3, 0), RangeError);
  });

  test('a client found gone while it is pinged is closed for good, and its slot may go to another', () => {
    const { beat } = new Probe();
    const noPing = (slot: number): void => assert.fail(`slot ${slot} was pinged`);
    const expired: number[] = [];
    const expire = (slot: number): void => void expired.push(slot);
    beat.open(0, 4, 0);
    beat.open(1, 4, 0);
    beat.advance(1000, (slot) => beat.close(slot), expire);
    beat.open(0, 3, 1000);
    for (let now = 1040; now < 2400; now += 40) beat.advance(now, noPing, expire);
    assert.deepEqual(expired, []);
    beat.advance(2400, noPing, (slot) => {
      expire(slot);
      beat.open(slot, 4, 2400);
    });
    assert.deepEqual(expired, [0]);
  });

  test('the tick is a tenth of the shorter period, from 5 to 100 ms', () => {
    const tick = (pingInterval: number, pingTimeout: number): number =>
      new Heartbeat(1, { pingInterval, pingTimeout }, 0).tickMs;
    assert.equal(tick(25_000, 20_000), 100);
    assert.equal(tick(150, 100), 10);
    assert.equal(tick(400, 1000), 40);
    assert.equal(tick(10, 10), 5);
  });
});

/** What the test knows of an open slot. */
interface Session {
  readonly revision: 3 | 4;
  /** Last packet of any type, or the opening. */
  heard: number;
  /** Opening or last pong: the next ping is counted from it. */
  rested: number;
  /** When the ping went out that a pong is owed for, or -1. */
  pinged: number;
  /** The loop stalled since the last pong, so a prolongation may have been granted twice. */
  stalled: boolean;
  /** Turns in a row that found the session past its limit. */
  lateTurns: number;
}

/** The latest time at which something has to happen to the session, resolution aside. */
function limit({ revision, heard, rested, pinged, stalled }: Session): number {
  if (revision === 3) return heard + INTERVAL + TIMEOUT;
  if (pinged < 0) return rested + INTERVAL;
  return stalled ? Math.max(heard, pinged + TIMEOUT) + TIMEOUT : pinged + 2 * TIMEOUT;
}

test('through random traffic nobody is ended early, and the silent are ended in time', () => {
  const random = new Random();
  const slots = 40;
  const start = 123_456.25;
  const probe = new Probe({ pingInterval: INTERVAL, pingTimeout: TIMEOUT }, start, slots);
  const { beat } = probe;
  const open = new Map<number, Session>();
  let ended = 0;
  for (let turn = 0; turn < 20_000; turn++) {
    const step = random.chance(0.002) ? random.below(5000) : beat.tickMs * (0.5 + random.below(4) / 4);
    const stalled = step > 4 * beat.tickMs;
    probe.now += step;
    const { now } = probe;
    beat.advance(
      now,
      (slot) => {
        const session = open.get(slot)!;
        assert.equal(session.revision, 4);
        assert.equal(session.pinged, -1, `two pings without a pong, seed ${SEED}`);
        assert.ok(now - session.rested >= INTERVAL, `ping came early, seed ${SEED}`);
        session.pinged = now;
      },
      (slot) => {
        const session = open.get(slot)!;
        if (session.revision === 3) assert.ok(now - session.heard >= INTERVAL + TIMEOUT, `early, seed ${SEED}`);
        else assert.ok(session.pinged >= 0 && now - session.pinged >= TIMEOUT, `early, seed ${SEED}`);
        open.delete(slot);
        ended++;
      },
    );
    for (const [slot, session] of open) {
      session.stalled ||= stalled;
      session.lateTurns = now >= limit(session) + beat.tickMs ? session.lateTurns + 1 : 0;
      // A stall grants one tick, and a turn of this test may be half a tick long.
      assert.ok(session.lateTurns <= 3, `slot ${slot} was forgotten, seed ${SEED}`);
    }
    for (let action = random.below(4); action > 0; action--) {
      const slot = random.below(slots);
      const session = open.get(slot);
      if (session === undefined) {
        const revision = random.pick([3, 4] as const);
        beat.open(slot, revision, now);
        open.set(slot, { revision, heard: now, rested: now, pinged: -1, stalled: false, lateTurns: 0 });
      } else if (random.chance(0.05)) {
        beat.close(slot);
        open.delete(slot);
      } else if (random.chance(0.5)) {
        beat.packet(slot, now);
        session.heard = now;
      } else if (session.revision === 3 || session.pinged >= 0) {
        beat.pong(slot, now);
        session.heard = now;
        session.rested = now;
        session.pinged = -1;
        session.stalled = false;
      }
    }
  }
  assert.ok(ended > 50, `only ${ended} sessions were silent, seed ${SEED}`);
});

describe('a session that is expected from another thread', () => {
  const AWAITING = { phase: 4, remaining: 100 };

  test('expires at its deadline when nothing was read before it came', () => {
    const probe = new Probe();
    probe.beat.expect(0);
    probe.beat.arrive(0, AWAITING, 0);
    assert.deepEqual(probe.run(99), []);
    assert.match(probe.run(200).join(), /^expire 0@/);
  });

  test('counts a pong that was read before its deadline came', () => {
    const probe = new Probe();
    probe.beat.expect(0);
    probe.beat.packet(0, 0);
    probe.beat.pong(0, 0);
    probe.beat.arrive(0, AWAITING, 0);
    assert.deepEqual(probe.run(INTERVAL - 1), []);
    assert.match(probe.run(INTERVAL + 100).join(), /^ping 0@/);
  });

  test('is prolonged by another packet', () => {
    const probe = new Probe();
    probe.beat.expect(0);
    probe.beat.packet(0, 0);
    probe.beat.arrive(0, AWAITING, 0);
    assert.deepEqual(probe.run(TIMEOUT - 1), []);
    assert.match(probe.run(TIMEOUT + 100).join(), /^expire 0@/);
  });

  test('cannot be expected where one is open', () => {
    const probe = new Probe();
    probe.beat.open(0, 4, 0);
    assert.throws(() => probe.beat.expect(0), RangeError);
  });
});
