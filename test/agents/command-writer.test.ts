/** The app thread's end of `commands`, and what it hears of a ring that has room again. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { getSession, putSession } from '../../core/agents/records.ts';
import { EngineError } from '../../core/errors.ts';
import type { RowNumber, SessionNumber } from '../../core/session/ids.ts';
import { COORDINATOR_THREAD, doorbellOffset } from '../../core/shm/layout.ts';
import { type Client, OneThread } from '../support/one-thread.ts';

const LARGE = 70_000;
const NONE = { rows: [], sessions: [], exceptRows: [], exceptSessions: [] };

describe('CommandWriter', () => {
  it('takes a broadcast that names more sessions than a record can', async () => {
    const setup = new OneThread();
    const [named, excepted, other] = [0, 1, 0].map((ioThread) => setup.connect(ioThread) as Client);
    await setup.settle();
    const many = ({ session }: Client): SessionNumber[] => new Array<SessionNumber>(600).fill(session);
    const targets = { ...NONE, sessions: [...many(named), excepted.session], exceptSessions: many(excepted) };
    const texts = ['x'.repeat(10), 'x'.repeat(LARGE)];
    for (const text of texts) setup.app.broadcast(targets, [text], 0);
    const rows = [setup.app.allocateRow(), setup.app.allocateRow()];
    setup.app.broadcast({ ...NONE, rows }, ['to rows that had served before'], 0);
    setup.app.send(named.session, ['behind'], 0);
    await setup.settle();
    assert.deepEqual(named.socket.messages, [...texts, 'behind']);
    assert.deepEqual(excepted.socket.messages, []);
    assert.deepEqual(other.socket.messages, []);
    setup.close();
  });

  it('refuses a broadcast that names too many rows and loses nothing of the next one', async () => {
    const setup = new OneThread();
    const client = setup.connect(0) as Client;
    await setup.settle();
    const rows = new Array<RowNumber>(4000).fill(setup.app.allocateRow());
    for (const size of [10, LARGE]) {
      assert.throws(
        () => setup.app.broadcast({ ...NONE, rows }, ['x'.repeat(size)], 0),
        (error) => error instanceof EngineError && error.code === 'ERR_MESSAGE_TOO_LARGE',
      );
    }
    const text = 'y'.repeat(LARGE);
    setup.app.broadcast({ ...NONE, sessions: [client.session] }, [text], 0);
    setup.app.send(client.session, ['behind'], 0);
    await setup.settle();
    assert.equal(client.socket.messages.length, 2);
    assert.ok(client.socket.messages[0] === text);
    assert.equal(client.socket.messages[1], 'behind');
    setup.close();
  });

  it('wakes the coordinator for the first command of a turn, and at its end for the others', async () => {
    const setup = new OneThread();
    const client = setup.connect(0) as Client;
    await setup.settle();
    const isAsleep = (): boolean => Atomics.load(setup.control.words, doorbellOffset(COORDINATOR_THREAD) >> 2) === 1;
    assert.ok(isAsleep());
    setup.app.send(client.session, ['first'], 0);
    assert.ok(!isAsleep());
    while (!isAsleep()) setup.stepCoordinator();
    assert.ok(setup.control.appInTurn, 'it may nap, not sleep');
    setup.app.send(client.session, ['second'], 0);
    setup.app.send(client.session, ['third'], 0);
    assert.ok(isAsleep());
    await Promise.resolve();
    assert.ok(!isAsleep());
    assert.ok(!setup.control.appInTurn);
    await setup.settle();
    assert.deepEqual(client.socket.messages, ['first', 'second', 'third']);
    setup.close();
  });

  it('is told to drain once, after it was not writable', async () => {
    const setup = new OneThread();
    const client = setup.connect(0) as Client;
    await setup.settle();
    assert.ok(setup.app.writable);
    let sent = 0;
    while (setup.app.writable) setup.app.send(client.session, [`${sent++}:${'w'.repeat(1000)}`], 0);
    await setup.settle();
    assert.equal(setup.drains, 1);
    assert.ok(setup.app.writable);
    assert.equal(client.socket.messages.length, sent);
    setup.close();
  });

  it('gives row numbers again only after they were freed', () => {
    const setup = new OneThread();
    const first = setup.app.allocateRow();
    const second = setup.app.allocateRow();
    assert.notEqual(first, second);
    setup.app.freeRow(first);
    assert.equal(setup.app.allocateRow(), first);
    setup.close();
  });

  it('joins more rooms at once than one record holds', async () => {
    const setup = new OneThread();
    const client = setup.connect(0) as Client;
    await setup.settle();
    const rows = Array.from({ length: 1500 }, () => setup.app.allocateRow());
    setup.app.join(client.session, rows);
    const none = { sessions: [], exceptRows: [], exceptSessions: [] };
    for (const row of [rows[0], rows[1023], rows[1024], rows[1499]] as RowNumber[]) {
      setup.app.broadcast({ rows: [row], ...none }, [`row ${row}`], 0);
    }
    await setup.settle();
    assert.deepEqual(
      client.socket.messages,
      [0, 1023, 1024, 1499].map((i) => `row ${rows[i]}`),
    );
    setup.close();
  });
});

describe('session numbers in records', () => {
  it('keep every bit, beyond 2^31 and 2^32 too', () => {
    const words = new Int32Array(4);
    const numbers = [1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 5, 2 ** 45 + 2 ** 31 + 3, 2 ** 52 - 1];
    for (const number of numbers) {
      putSession(words, 1, number as SessionNumber);
      assert.equal(getSession(words, 1), number);
    }
    assert.equal(words[0], 0);
    assert.equal(words[3], 0);
  });
});
