/** What clients get, by kind of receiver and by how fast they take it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FLAG_COMPRESS, FLAG_VOLATILE, type Targets } from '../../core/agents/link.ts';
import { DESCRIPTION_OUTBOUND_LIMIT, REASON_FORCED_CLOSE, REASON_TRANSPORT_ERROR } from '../../core/session/reasons.ts';
import { counterIndex } from '../../core/shm/control.ts';
import { LogGauge } from '../../core/shm/gauges.ts';
import { COORDINATOR_THREAD, FIRST_IO_THREAD } from '../../core/shm/layout.ts';
import { type Client, OneThread } from '../support/one-thread.ts';

const to = (...rows: Targets['rows']): Targets => ({ rows, sessions: [], exceptRows: [], exceptSessions: [] });

/** One room with `count` clients, spread over all I/O threads. */
async function room(count: number, tuning: object = {}, clientsPerLook?: number) {
  const setup = new OneThread(tuning, {}, clientsPerLook);
  const threads = setup.io.length;
  const clients = Array.from({ length: count }, (_, i) => setup.connect(i % threads) as Client);
  await setup.settle();
  const row = setup.app.allocateRow();
  for (const client of clients) setup.app.join(client.session, [row]);
  return { setup, clients, row };
}

describe('packets to clients', () => {
  it('are written in one cork per client and turn', async () => {
    const { setup, clients, row } = await room(4);
    for (let n = 0; n < 5; n++) setup.app.broadcast(to(row), [`${n}`], 0);
    await setup.settle();
    for (const { socket } of clients) {
      assert.deepEqual(socket.messages, ['0', '1', '2', '3', '4']);
      assert.deepEqual(
        socket.frames.slice(1).map(({ cork }) => cork),
        [1, 1, 1, 1, 1],
      );
    }
    setup.close();
  });

  it('take the binary form of each revision, and base64 for who cannot take binary', async () => {
    const setup = new OneThread({ ioThreads: 1 });
    const kinds = [
      { revision: 4, base64: false },
      { revision: 3, base64: false },
      { revision: 4, base64: true },
      { revision: 3, base64: true },
    ] as const;
    const clients = kinds.map((kind) => setup.connect(0, kind) as Client);
    await setup.settle();
    const sessions = clients.map(({ session }) => session);
    setup.app.broadcast({ ...to(), sessions }, ['51-["b"]', Uint8Array.of(1, 2, 3)], FLAG_COMPRESS);
    await setup.settle();
    const binary = [Buffer.of(1, 2, 3), Buffer.of(4, 1, 2, 3), Buffer.from('bAQID'), Buffer.from('b4AQID')];
    for (const [i, { socket }] of clients.entries()) {
      const [text, attachment] = socket.frames.slice(1);
      assert.equal(text.bytes.toString(), '451-["b"]');
      assert.equal(text.isBinary, false);
      assert.deepEqual(attachment.bytes, binary[i]);
      assert.equal(attachment.isBinary, i < 2);
      assert.ok(text.compress && attachment.compress);
      assert.deepEqual([text.cork, attachment.cork], [1, 1]);
    }
    setup.close();
  });

  it('that are volatile are dropped whole for a client that has not taken earlier bytes', async () => {
    const { setup, clients, row } = await room(2, { ioThreads: 1 });
    clients[0].socket.buffered = 1;
    setup.app.broadcast(to(row), ['51-["v"]', Uint8Array.of(9)], FLAG_VOLATILE);
    setup.app.broadcast(to(row), ['kept'], 0);
    await setup.settle();
    assert.deepEqual(clients[0].socket.messages, ['kept']);
    assert.equal(clients[1].socket.frames.length, 4);
    assert.equal(setup.control.counters(FIRST_IO_THREAD)[counterIndex('dropped')], 1);
    assert.equal(setup.control.counters(FIRST_IO_THREAD)[counterIndex('deliveries')], 3);
    setup.close();
  });

  it('close a client with more than its limit waiting, and nobody else', async () => {
    const { setup, clients, row } = await room(3, { ioThreads: 1 });
    await setup.settle();
    clients[1].socket.buffered = 10_000;
    setup.app.broadcast(to(row), ['at the limit'], 0);
    await setup.settle();
    clients[1].socket.buffered = 10_001;
    setup.app.broadcast(to(row), ['over it'], 0);
    await setup.settle();
    assert.deepEqual(clients[1].socket.messages, ['at the limit']);
    assert.equal(clients[1].socket.ended, 'dropped');
    assert.deepEqual(clients[1].closed, [REASON_TRANSPORT_ERROR, DESCRIPTION_OUTBOUND_LIMIT]);
    for (const i of [0, 2]) assert.deepEqual(clients[i].socket.messages, ['at the limit', 'over it']);
    setup.close();
  });

  it('do not ask a client what waits as long as it takes each frame whole', async () => {
    const { setup, clients, row } = await room(1, { ioThreads: 1 });
    const { socket } = clients[0];
    const asksFor = async (...texts: string[]): Promise<number> => {
      const before = socket.asks;
      for (const text of texts) setup.app.broadcast(to(row), [text], 0);
      await setup.settle();
      return socket.asks - before;
    };
    assert.equal(await asksFor('1'), 1);
    assert.equal(await asksFor('2'), 0);
    assert.equal(await asksFor('3', '4'), 0);
    assert.equal(await asksFor('5'), 1, 'what became of the cork is not known');
    socket.buffered = 1;
    assert.equal(await asksFor('6'), 0);
    assert.equal(await asksFor('7'), 1, 'the last one was not taken whole');
    assert.deepEqual(socket.messages, ['1', '2', '3', '4', '5', '6', '7']);
    setup.close();
  });

  it('close a client that has not taken a heartbeat, when more than its limit waits', async () => {
    const { setup, clients, row } = await room(1, { ioThreads: 1 });
    const { socket } = clients[0];
    setup.app.broadcast(to(row), ['taken'], 0);
    await setup.settle();
    socket.buffered = 10_001;
    setup.now += 25_000;
    setup.tick(0);
    assert.equal(socket.texts.at(-1), '2', 'a ping');
    setup.app.broadcast(to(row), ['too much'], 0);
    await setup.settle();
    assert.deepEqual(clients[0].closed, [REASON_TRANSPORT_ERROR, DESCRIPTION_OUTBOUND_LIMIT]);
    assert.notEqual(socket.texts.at(-1), '4too much');
    setup.close();
  });

  it('end before a close in call order; discard drops what is unsent', async () => {
    const { setup, clients } = await room(2, { ioThreads: 1 });
    for (const [i, client] of clients.entries()) {
      setup.app.send(client.session, ['before'], 0);
      setup.app.closeSession(client.session, i === 1);
      setup.app.send(client.session, ['after'], 0);
    }
    await setup.settle();
    for (const { socket, closed } of clients) {
      assert.deepEqual(socket.messages, ['before']);
      assert.equal(closed?.[0], REASON_FORCED_CLOSE);
    }
    assert.equal(clients[0].socket.ended, 1000);
    assert.equal(clients[1].socket.ended, 'dropped');
    setup.close();
  });

  it('reach a thread that attached between two broadcasts to the same room', async () => {
    const { setup, clients, row } = await room(20);
    setup.app.broadcast(to(row), ['first'], 0);
    setup.app.broadcast(to(row), ['same'], 0);
    await setup.settle();
    setup.crash(1);
    await setup.settle();
    setup.restart(1);
    setup.app.broadcast(to(row), ['for those who are left'], 0);
    await setup.settle();
    const fresh = setup.connect(1) as Client;
    await setup.settle();
    setup.app.join(fresh.session, [row]);
    setup.app.broadcast(to(row), ['full'], 0);
    setup.app.broadcast(to(row), ['again'], 0);
    await setup.settle();
    assert.deepEqual(fresh.socket.messages, ['full', 'again']);
    const survivors = clients.filter(({ io }) => io === 0);
    assert.equal(survivors.length, 10);
    for (const { socket } of survivors) {
      assert.deepEqual(socket.messages, ['first', 'same', 'for those who are left', 'full', 'again']);
    }
    setup.close();
  });

  it('to the same targets go on after others in between', async () => {
    const { setup, clients, row } = await room(20, { batchRecords: 3 });
    const one = clients[0];
    const due: string[] = [];
    for (let n = 0; n < 12; n++) {
      setup.app.broadcast(to(row), [`all ${n}`], 0);
      due.push(`all ${n}`);
      if (n % 3 === 1) setup.app.send(one.session, [`one ${n}`], 0);
      if (n % 3 === 1) due.push(`one ${n}`);
    }
    await setup.settle();
    assert.deepEqual(one.socket.messages, due);
    for (const client of clients.slice(1)) {
      assert.deepEqual(
        client.socket.messages,
        due.filter((text) => text.startsWith('all')),
      );
    }
    setup.close();
  });

  it('to sessions by name never reach a newcomer on the slot of one that has ended', async () => {
    const { setup, clients, row } = await room(20, { ioThreads: 1 });
    for (const client of clients) setup.app.leave(client.session, [row]);
    const sessions = clients.map(({ session }) => session);
    setup.app.broadcast({ ...to(), sessions }, ['first'], 0);
    await setup.settle();
    clients[5].socket.hangUp();
    await setup.settle();
    const newcomer = setup.connect(0) as Client;
    assert.equal(newcomer.local, clients[5].local);
    setup.app.broadcast({ ...to(), sessions }, ['second'], 0);
    await setup.settle();
    assert.deepEqual(newcomer.socket.messages, []);
    assert.deepEqual(clients[4].socket.messages, ['first', 'second']);
    setup.close();
  });

  it('wait while too many deliveries are outstanding, long before the log is full', async () => {
    const { setup, clients, row } = await room(1000, { maxConnections: 2000, logBytes: 2 ** 20, ringBytes: 2 ** 20 });
    await setup.settle();
    const { coordinator } = setup;
    for (let n = 0; n < 250; n++) setup.app.broadcast(to(row), [`${n}`], 0);
    while (coordinator.doWork() > 0);
    assert.ok(setup.control.gated);
    assert.ok(!coordinator.hasWork());
    setup.control.doorbell(COORDINATOR_THREAD).prepareSleep();
    await setup.settle();
    for (const { socket } of clients) assert.equal(socket.messages.length, 250);
    assert.ok(!setup.control.gated);
    setup.close();
  });

  it('are sliced by the clock: one turn writes to some clients, the next ones to the others, each once', async () => {
    const { setup, clients, row } = await room(200, { ioThreads: 1, maxConnections: 256 });
    await setup.settle();
    setup.msPerLook = 6;
    setup.app.broadcast(to(row), ['sliced'], 0);
    setup.stepCoordinator();
    setup.stepIo(0);
    const reached = clients.filter(({ socket }) => socket.messages.length > 0).length;
    assert.ok(reached > 0 && reached < clients.length);
    const [gone] = clients.filter(({ socket }) => socket.messages.length === 0);
    gone.socket.hangUp();
    await setup.settle();
    for (const client of clients) assert.deepEqual(client.socket.messages, client === gone ? [] : ['sliced']);
    setup.close();
  });

  it('that come while others are half written join them, and free the log one by one', async () => {
    const { setup, clients, row } = await room(100, { ioThreads: 1, maxConnections: 128 });
    await setup.settle();
    const log = new LogGauge(setup.segment.log);
    const before = log.lagBytes(0);
    setup.msPerLook = 6; // a turn is 32 clients: every fourth packet could be written to all before the next
    const due: string[] = [];
    let deepest = 0;
    for (let n = 0; n < 200; n++) {
      setup.app.broadcast(to(row), [`packet ${n}`], 0);
      due.push(`packet ${n}`);
      setup.stepCoordinator();
      setup.stepIo(0);
      if (n === 2) assert.ok(clients.some(({ socket }) => socket.messages.length === 0));
      deepest = Math.max(deepest, log.lagBytes(0) - before);
    }
    const last = clients.filter(({ socket }) => socket.messages.length < due.length);
    assert.ok(last.length > 0, 'there was always somebody left');
    assert.ok(deepest < 10 * 64, `${deepest} bytes: what is done is given back while others wait`);
    await setup.settle();
    for (const { socket } of clients) assert.deepEqual(socket.messages, due);
    setup.close();
  });

  it('wait for others as long as the flush time says, or until a control record comes', async () => {
    const { setup, clients, row } = await room(3, { ioThreads: 1, flushUs: 2000 });
    await setup.settle();
    const step = (): void => {
      setup.stepCoordinator();
      setup.stepIo(0);
    };
    const got = (): string[][] => clients.map(({ socket }) => socket.messages);
    const send = (text: string): void => setup.app.broadcast(to(row), [text], 0);
    send('a');
    step();
    setup.now += 1;
    send('b');
    step();
    assert.deepEqual(got(), [[], [], []]);
    setup.now += 1;
    step();
    assert.deepEqual(got(), Array(3).fill(['a', 'b']));
    assert.ok(
      clients.every(({ socket }) => socket.frames.slice(-2).every(({ cork }) => cork === 1)),
      'in one write',
    );
    send('c');
    step();
    assert.deepEqual(got(), Array(3).fill(['a', 'b']), 'the next one waits anew');
    setup.app.closeSession(clients[0].session, false);
    step();
    assert.deepEqual(got(), Array(3).fill(['a', 'b', 'c']), 'what follows cannot be written with it');
    assert.ok(!clients[0].socket.isOpen);
    setup.close();
  });

  it('wait for nobody once the writing has begun', async () => {
    const tuning = { ioThreads: 1, flushUs: 100_000, batchRecords: 2 };
    const { setup, clients, row } = await room(3, tuning, 1);
    await setup.settle();
    setup.now += 100;
    await setup.settle();
    setup.app.send(clients[0].session, ['a'], 0);
    setup.app.broadcast(to(row), ['b'], 0);
    setup.stepCoordinator();
    setup.stepIo(0);
    // Two records are all it may take, so it writes at once; the first is done before the second.
    assert.deepEqual(
      clients.map(({ socket }) => socket.messages),
      [['a', 'b'], ['b'], ['b']],
    );
    setup.close();
  });
});
