/** The coordinator at its limits: a log that is full, events that are full, threads that die meanwhile. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { REASON_TRANSPORT_CLOSE, REASON_TRANSPORT_ERROR } from '../../core/session/reasons.ts';
import { STATE_BURIED, STATE_DOWN } from '../../core/shm/control.ts';
import { COORDINATOR_THREAD, FIRST_IO_THREAD } from '../../core/shm/layout.ts';
import { type Client, OneThread } from '../support/one-thread.ts';

/** Room for 1024 records without payload words of their own; an eighth of it is for control records only. */
const LOG_BYTES = 16_384;
const CONTROL_RECORD_BYTES = 16;

/** Sends to a client whose thread does not read, until the log is gated. */
function gate(setup: OneThread, client: Client): string[] {
  const sent: string[] = [];
  while (!setup.control.gated) {
    sent.push(`${sent.length}:${'g'.repeat(400)}`);
    setup.app.send(client.session, [sent.at(-1) as string], 0);
    setup.stepCoordinator();
  }
  return sent;
}

/** Messages of a client until `events` takes no more of them. */
function blockEvents(setup: OneThread, client: Client): string[] {
  const said: string[] = [];
  do {
    said.push(`${said.length}:${'e'.repeat(500)}`);
    setup.say(client, said.at(-1) as string);
    setup.settleBlocked();
  } while (!setup.control.eventsBlocked);
  return said;
}

async function withTwo(tuning: object = {}): Promise<{ setup: OneThread; first: Client; second: Client }> {
  const setup = new OneThread({ logBytes: LOG_BYTES, ...tuning });
  const first = setup.connect(0) as Client;
  const second = setup.connect(1) as Client;
  await setup.settle();
  return { setup, first, second };
}

describe('coordinator', () => {
  it('wakes a thread without targets when its cursor holds the others back', async () => {
    // Records so small that the window is full of them long before the log is.
    const { setup, first } = await withTwo({ logBytes: 4 * 1024 * 1024 });
    const sent: string[] = [];
    for (let turn = 0; turn < 100; turn++) {
      for (let i = 0; i < 100; i++) {
        sent.push(`${sent.length}`);
        setup.app.send(first.session, [sent.at(-1) as string], 0);
      }
      await setup.settle();
      assert.ok(!setup.control.gated, `still gated after ${sent.length} packets`);
    }
    assert.deepEqual(first.socket.messages, sent);
    setup.close();
  });

  it('keeps reading inboxes while the log is gated, and delivers the rest in order afterwards', async () => {
    const { setup, first, second } = await withTwo();
    const sent = gate(setup, second);
    setup.say(first, 'still heard');
    for (let i = 0; i < 4; i++) {
      setup.stepCoordinator();
      setup.stepIo(0);
      await setup.turnApp();
    }
    assert.deepEqual(first.messages, ['still heard']);
    assert.ok(setup.control.gated);
    await setup.settle();
    assert.ok(!setup.control.gated);
    assert.deepEqual(second.socket.messages, sent);
    setup.close();
  });

  it('sleeps while the log is gated and wakes up when the slowest reader commits', async () => {
    const { setup, second } = await withTwo();
    gate(setup, second);
    for (let i = 0; i < 3; i++) setup.stepCoordinator();
    assert.ok(!setup.isAwake(COORDINATOR_THREAD));
    setup.stepIo(1);
    assert.ok(setup.isAwake(COORDINATOR_THREAD));
    setup.close();
  });

  it('delivers to clients and reports ends once there is room, while the app thread reads nothing', async () => {
    const { setup, first, second } = await withTwo();
    const said = blockEvents(setup, first);
    setup.app.send(second.session, ['goes out'], 0);
    first.socket.hangUp();
    setup.settleBlocked();
    assert.deepEqual(second.socket.messages, ['goes out']);
    assert.equal(first.closed, undefined);
    await setup.settle();
    assert.deepEqual(first.messages, said);
    assert.deepEqual(first.closed, [REASON_TRANSPORT_CLOSE, 0]);
    setup.close();
  });

  it('buries the sessions of a dead thread after its last words, also when events was full', async () => {
    const { setup, first, second } = await withTwo();
    const said = blockEvents(setup, first);
    setup.crash(0);
    setup.settleBlocked();
    assert.equal(setup.control.state(FIRST_IO_THREAD), STATE_DOWN, 'its words come first');
    await setup.settle();
    assert.equal(setup.control.state(FIRST_IO_THREAD), STATE_BURIED);
    assert.deepEqual(first.messages, said.slice(0, first.messages.length));
    assert.equal(first.closed?.[0], REASON_TRANSPORT_ERROR);
    setup.app.send(second.session, ['survives'], 0);
    await setup.settle();
    assert.deepEqual(second.socket.messages, ['survives']);
    setup.close();
  });

  it('finds a thread that died while events was full before it goes to sleep: its cursor gates the log', async () => {
    const { setup, first, second } = await withTwo();
    blockEvents(setup, first);
    gate(setup, second);
    while (setup.coordinator.doWork() > 0);
    setup.crash(1); // the coordinator is awake, so nobody rings it
    assert.ok(setup.coordinator.hasWork());
    setup.coordinator.doWork();
    assert.ok(!setup.control.gated);
    while (setup.coordinator.doWork() > 0);
    assert.ok(!setup.coordinator.hasWork(), 'the burial waits for the app');
    setup.close();
  });

  it('forgets the releases of a dead thread: its successor has slots of its own', async () => {
    const { setup, second } = await withTwo({ maxConnections: 320, ringBytes: 131_072 });
    const others: Client[] = [];
    // More ends than the reserve of the log has room for releases.
    for (let i = 0; i < LOG_BYTES / 8 / CONTROL_RECORD_BYTES + 20; i++) others.push(setup.connect(0) as Client);
    await setup.settle();
    gate(setup, second);
    for (const client of others) client.socket.hangUp();
    for (let i = 0; i < 4; i++) setup.stepCoordinator();
    setup.crash(0);
    // The news of its death waits for room in the log too.
    while (setup.control.state(FIRST_IO_THREAD) !== STATE_BURIED) {
      setup.stepCoordinator();
      setup.stepIo(1);
      await setup.turnApp();
    }
    setup.restart(0);
    const fresh = Array.from({ length: 40 }, () => setup.connect(0) as Client);
    await setup.settle();
    const next = setup.connect(0) as Client;
    assert.ok(fresh.every(({ local }) => local !== next.local));
    await setup.settle();
    for (const client of [...fresh, next]) setup.app.send(client.session, ['mine'], 0);
    await setup.settle();
    for (const client of [...fresh, next]) assert.deepEqual(client.socket.messages, ['mine']);
    setup.close();
  });

  it('sleeps while a stop waits for room in the log', async () => {
    const { setup } = await withTwo();
    setup.settleBlocked();
    for (let i = 0; i < LOG_BYTES / CONTROL_RECORD_BYTES; i++) {
      setup.app.closeServer(99);
      while (setup.coordinator.doWork() > 0);
    }
    assert.equal(setup.pendingCommandBytes, 0);
    setup.control.requestStop();
    while (setup.coordinator.doWork() > 0);
    assert.ok(!setup.coordinator.stopped);
    assert.ok(!setup.coordinator.hasWork(), 'there is nothing to do until a cursor moves');
    setup.control.doorbell(COORDINATOR_THREAD).prepareSleep();
    await setup.settle();
    assert.ok(setup.coordinator.stopped);
    assert.deepEqual([...setup.stopped].sort(), [0, 1]);
    setup.close();
  });

  it('carries out every command given before a stop', async () => {
    const { setup, second } = await withTwo();
    const sent = gate(setup, second);
    setup.control.requestStop();
    await setup.settle();
    assert.deepEqual(second.socket.messages, sent);
    assert.ok(setup.coordinator.stopped);
    assert.deepEqual([...setup.stopped].sort(), [0, 1]);
    setup.close();
  });
});
