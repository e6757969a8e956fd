/**
 * `io.stats()`: what the threads count, against traffic that is known exactly.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createSegment } from '../../core/agents/segment.ts';
import { Statistics, type Stats } from '../../core/agents/statistics.ts';
import type { Engine } from '../../core/api/engine.ts';
import { Server } from '../../core/index.ts';
import { resolveOptions } from '../../core/options.ts';
import { LogReader, LogWriter } from '../../core/shm/broadcast-log.ts';
import { Control, counterIndex, STATE_DOWN, STATE_RUNNING } from '../../core/shm/control.ts';
import { FIRST_IO_THREAD } from '../../core/shm/layout.ts';
import { SpscRing } from '../../core/shm/spsc-ring.ts';
import { Crowd, until } from './crowd.ts';

/** Its own threads: counters are of all Servers that share them. */
function listen(t: TestContext, maxConnections: number): { io: Server; crowd: Crowd; stats: () => Stats } {
  const io = new Server(0, { ioThreads: 2, maxConnections });
  const crowd = new Crowd(io);
  t.after(() => {
    crowd.close();
    return io.close();
  });
  return { io, crowd, stats: () => (io.engine as Engine).stats() };
}

describe('io.stats()', () => {
  it('counts sessions, deliveries and messages of known traffic', async (t) => {
    const { io, crowd, stats } = listen(t, 1001);
    let heard = 0;
    io.on('connection', (socket) => socket.on('hello', () => heard++));
    await crowd.connect(30);
    for (let i = 0; i < 9; i++) crowd.emit();
    await crowd.settle(); // the tenth
    for (const member of crowd.members) for (let i = 0; i < 4; i++) member.send('2["hello"]');
    await until('120 messages', () => heard === 120);
    const grants = 30; // of the namespace, one packet to each client and one from it
    const deliveries = grants + 30 * 10;
    // Counters are plain words, read a little late.
    await until('all deliveries in the counters', () => stats().total.deliveries >= deliveries);
    const { total, ioThreads } = stats();
    assert.deepEqual(
      [total.deliveries, total.messagesIn, total.sessionsOpened, total.sessionsClosed, total.dropped, total.slowClosed],
      [deliveries, grants + 120, 30, 0, 0, 0],
    );
    for (const name of ['deliveries', 'messagesIn', 'sessionsOpened'] as const) {
      assert.equal(total[name], ioThreads[0][name] + ioThreads[1][name]);
      assert.ok(ioThreads.every((counters) => counters[name] > 0));
    }
    assert.ok(total.batches > 0 && total.batches <= total.records);

    for (const member of crowd.members.slice(0, 7)) member.close();
    await until('7 closed sessions', () => stats().total.sessionsClosed === 7);
  });

  it('counts the sessions of a crashed thread as closed, and goes on with the next life', async (t) => {
    const { io, crowd, stats } = listen(t, 1002);
    await crowd.connect(20);
    const lost = crowd.on(1);
    (io.engine as Engine).crashThread(1, 'probe');
    await crowd.ended(lost);
    assert.equal(stats().ioThreads[1].sessionsClosed, lost.length);
    await crowd.connectOn(1);
    await crowd.settle();
    const { total } = stats();
    assert.equal(total.sessionsOpened - total.sessionsClosed, crowd.alive.length);
  });

  it('shows queues that are empty again after the traffic', async (t) => {
    const { crowd, stats } = listen(t, 1003);
    await crowd.connect(10);
    crowd.emit(500);
    await crowd.settle();
    await until('empty queues', () => {
      const { commandsBytes, eventsBytes, inboxBytes } = stats().queues;
      return commandsBytes + eventsBytes + inboxBytes[0] + inboxBytes[1] === 0;
    });
  });
});

describe('the statistics of a segment', () => {
  const tuning = resolveOptions({ ioThreads: 2, maxConnections: 64 }, {}).tuning;

  it('are the bytes between the positions of each queue', (t) => {
    const segment = createSegment(tuning);
    const control = new Control(segment.control, 2);
    const statistics = new Statistics(control, segment);
    t.after(() => statistics.stop());
    const fill = (memory: SharedArrayBuffer, records: number): void => {
      const ring = new SpscRing(memory);
      for (let i = 0; i < records; i++) {
        ring.claim(1, 0, 24);
        ring.commit();
      }
    };
    fill(segment.commands, 1); // 8 bytes of header and 24 of payload each
    fill(segment.events, 2);
    fill(segment.inboxes[1], 3);
    const log = new LogWriter(segment.log, 0);
    for (const thread of [0, 1]) {
      log.attach(thread);
      control.setState(FIRST_IO_THREAD + thread, STATE_RUNNING);
    }
    for (let i = 0; i < 4; i++) {
      log.claim(1, 0, 24, false);
      log.commit();
    }
    const reader = new LogReader(segment.log, 1);
    reader.next();
    reader.commit();
    assert.deepEqual(statistics.read().queues, {
      commandsBytes: 32,
      eventsBytes: 64,
      inboxBytes: [0, 96],
      logLagBytes: [128, 96],
    });
    const events = new SpscRing(segment.events);
    events.next();
    events.free();
    control.setState(FIRST_IO_THREAD, STATE_DOWN);
    const { eventsBytes, logLagBytes } = statistics.read().queues;
    assert.deepEqual([eventsBytes, logLagBytes], [32, [0, 96]]);
  });

  it('go on where a counter wraps, and take a level as it is', (t) => {
    const segment = createSegment(tuning);
    const control = new Control(segment.control, 2);
    const counters = control.counters(FIRST_IO_THREAD);
    const statistics = new Statistics(control, segment);
    t.after(() => statistics.stop());
    const deliveries = counterIndex('deliveries');
    const queued = counterIndex('queuedBytes');
    counters[deliveries] = 0x7fff_ffff;
    counters[queued] = 500;
    assert.equal(statistics.read().total.deliveries, 0x7fff_ffff);
    counters[deliveries] = -2; // 0xffff_fffe
    assert.equal(statistics.read().total.deliveries, 0xffff_fffe);
    counters[deliveries] = 5;
    counters[queued] = 20;
    const { total, ioThreads } = statistics.read();
    assert.deepEqual([total.deliveries, total.queuedBytes], [0xffff_fffe + 7, 20]);
    assert.deepEqual([ioThreads[0].deliveries, ioThreads[1].deliveries], [0xffff_fffe + 7, 0]);
  });
});
