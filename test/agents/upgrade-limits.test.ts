/** Upgrades while something is full, and what travels with the session. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { REASON_PING_TIMEOUT } from '../../core/session/reasons.ts';
import { type Client, OneThread } from '../support/one-thread.ts';
import { Roamer } from '../support/roamer.ts';

const FROM = 1;
const TO = 0;
const SMALL = { ioThreads: 2, logBytes: 16_384, ringBytes: 16_384 };

interface Scene {
  readonly setup: OneThread;
  readonly roamer: Roamer;
}

/** A client that polled on thread 1 and has just switched to a WebSocket on thread 0; nobody has read that yet. */
async function ready(): Promise<Scene> {
  const setup = new OneThread(SMALL, { maxClientBufferBytes: 1_000_000 });
  setup.connect(FROM);
  const roamer = new Roamer(setup, FROM);
  await setup.settle();
  roamer.upgrade(TO);
  setup.settleBlocked();
  roamer.step(TO, 3); // 2probe
  roamer.step(TO, 3); // reads 3probe and switches, for no request is open
  assert.equal(roamer.phase, 'live');
  return { setup, roamer };
}

async function read({ setup, roamer }: Scene): Promise<void> {
  await setup.settle();
  for (let i = 0; i < 40; i++) roamer.step(TO, 3);
}

/** Lets time pass in turns of one tick. */
function pass(setup: OneThread, ms: number): void {
  for (let passed = 0; passed < ms; passed += 100) {
    setup.now += 100;
    setup.tick(TO);
    setup.tick(FROM);
  }
  setup.settleBlocked();
}

describe('an upgrade', () => {
  it('keeps the order of what the client sent before it when the old inbox takes many turns to read', async () => {
    const setup = new OneThread({ ioThreads: 2 });
    const neighbour = setup.connect(FROM) as Client;
    const roamer = new Roamer(setup, FROM);
    await setup.settle();
    roamer.upgrade(TO);
    setup.settleBlocked();
    roamer.step(TO, 3);
    for (let i = 0; i < 600; i++) setup.say(neighbour, 'e'); // more than the coordinator reads in two turns
    roamer.say('before');
    roamer.step(FROM, 1); // posts
    roamer.step(FROM, 2); // its body lies in the inbox of the old thread
    assert.equal(roamer.post?.text, 'ok');
    roamer.step(FROM, 1); // reads ok
    roamer.step(TO, 3);
    assert.equal(roamer.phase, 'live');
    for (let i = 0; i < 3; i++) roamer.say(`after ${i}`);
    await read({ setup, roamer });
    assert.deepEqual(roamer.messages, ['before', 'after 0', 'after 1', 'after 2']);
    assert.equal(roamer.upgradedAt, 1, 'the app is told between the two');
    setup.close();
  });

  it('moves a session of which the coordinator has not read yet', async () => {
    const setup = new OneThread({ ioThreads: 2 });
    const neighbour = setup.connect(FROM) as Client;
    await setup.settle();
    for (let i = 0; i < 600; i++) setup.say(neighbour, 'e'); // the open lies behind more than two turns read
    const roamer = new Roamer(setup, FROM);
    roamer.upgrade(TO);
    while (setup.lanes.deliver(FROM) || setup.lanes.deliver(TO));
    for (let i = 0; i < 2; i++) roamer.step(TO, 3);
    assert.equal(roamer.phase, 'live');
    await setup.settle();
    assert.equal(roamer.upgradedAt, 0);
    setup.app.send(roamer.session, ['welcome'], 0);
    await read({ setup, roamer });
    assert.deepEqual(roamer.received, ['welcome']);
    assert.equal(roamer.over, undefined);
    setup.close();
  });

  it('waits for room in the log, and what was sent meanwhile follows in order', async () => {
    const scene = await ready();
    const { setup, roamer } = scene;
    const sent: string[] = [];
    while (!setup.control.gated) {
      sent.push(`${sent.length}:${'g'.repeat(400)}`);
      setup.app.send(roamer.session, [sent.at(-1) as string], 0);
      setup.stepCoordinator();
    }
    roamer.say('said meanwhile');
    await read(scene);
    assert.deepEqual(roamer.received, sent);
    assert.deepEqual(roamer.messages, ['said meanwhile']);
    assert.equal(roamer.closed, undefined);
    setup.close();
  });

  it('takes the deadline along: a client that was silent before stays as close to its time-out', async () => {
    const setup = new OneThread({ ioThreads: 2 });
    const roamer = new Roamer(setup, FROM, 3);
    await setup.settle();
    pass(setup, 40_000);
    roamer.upgrade(TO);
    setup.settleBlocked();
    for (let i = 0; i < 2; i++) roamer.step(TO, 3);
    await setup.settle();
    assert.notEqual(roamer.upgradedAt, undefined);
    pass(setup, 4800);
    await setup.settle();
    assert.equal(roamer.closed, undefined, '25 s and 20 s have not passed');
    pass(setup, 400);
    await setup.settle();
    assert.deepEqual(roamer.closed, [REASON_PING_TIMEOUT, 0]);
    setup.close();
  });

  it('counts a pong that comes before the deadline does', async () => {
    const setup = new OneThread({ ioThreads: 2 });
    const roamer = new Roamer(setup, FROM, 4);
    await setup.settle();
    pass(setup, 24_000);
    roamer.upgrade(TO);
    setup.settleBlocked();
    roamer.step(TO, 3); // 2probe
    pass(setup, 2000); // a ping waits on the old thread
    roamer.step(FROM, 0);
    setup.settleBlocked();
    roamer.step(FROM, 0); // read; the pong leaves with the switch
    assert.equal(roamer.pings, 1);
    roamer.step(TO, 3);
    assert.equal(roamer.phase, 'live');
    await setup.settle();
    pass(setup, 22_000);
    await setup.settle();
    assert.equal(roamer.closed, undefined, 'the ping was answered');
    setup.close();
  });

  it('writes nothing to the inbox any more once the thread has died', async () => {
    const setup = new OneThread(SMALL);
    const roamer = new Roamer(setup, FROM);
    await setup.settle();
    roamer.say('lost with its thread');
    roamer.step(FROM, 1);
    const post = roamer.post;
    setup.crash(FROM);
    await setup.settle();
    setup.restart(FROM);
    const next = new Roamer(setup, FROM);
    post?.sendBody('4from the grave');
    await setup.settle();
    assert.deepEqual(next.messages, []);
    assert.equal(post?.reply, undefined);
    setup.close();
  });
});
