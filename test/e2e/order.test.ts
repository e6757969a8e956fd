/**
 * One client, one order: whatever mix of calls the application makes, its effects arrive in call order.
 * Stock clients against a real server.
 */
import assert from 'node:assert/strict';
import { closeConnection, openClient } from '../support/clients.ts';
import { forEveryClient, forEveryThreadCount } from '../support/matrix.ts';
import { connectNamespace, connectPair, freshNamespace, record } from '../support/pairs.ts';
import { reference } from '../support/server.ts';
import { waitFor, waitForAll } from '../support/wait-for.ts';

forEveryThreadCount('order', {}, (server) => {
  forEveryClient('unicasts, broadcasts, joins and leaves interleave in call order', async (t, generation) => {
    const name = freshNamespace();
    const namespace = server().io.of(name);
    const one = await connectPair(t, server(), generation, name);
    const two = await connectPair(t, server(), generation, name);
    const [logOne, logTwo] = [record(one.client, 'n'), record(two.client, 'n')];
    const ends = [waitFor(one.client, 'end'), waitFor(two.client, 'end')];
    const [expectOne, expectTwo]: number[][] = [[], []];
    const [a, b] = [one.socket, two.socket];
    for (let n = 0; n < 900; n += 9) {
      a.emit('n', n);
      namespace.emit('n', n + 1);
      a.join('r');
      namespace.to('r').emit('n', n + 2);
      b.join('r');
      b.to('r').emit('n', n + 3, Buffer.from('x'));
      a.leave('r');
      namespace
        .to('r')
        .to(a.id)
        .emit('n', n + 4, [Buffer.from('y'), Buffer.from('z')]);
      b.emit('n', n + 5);
      b.leave('r');
      namespace.to('r').emit('n', n + 6);
      namespace.except(b.id).emit('n', n + 7);
      a.broadcast.emit('n', n + 8);
      expectOne.push(n, n + 1, n + 2, n + 3, n + 4, n + 7);
      expectTwo.push(n + 1, n + 4, n + 5, n + 8);
    }
    namespace.emit('end');
    await Promise.all(ends);
    assert.deepEqual(
      logOne.map(([, n]) => n),
      expectOne,
    );
    assert.deepEqual(
      logTwo.map(([, n]) => n),
      expectTwo,
    );
  });

  forEveryClient('namespaces of one connection keep call order among each other', async (t, generation) => {
    const first = await connectPair(t, server(), generation);
    const names = [freshNamespace(), freshNamespace()];
    for (const name of names) server().io.of(name);
    const pairs = [first];
    for (const name of names) pairs.push(await connectNamespace(server(), first, name));
    const got: number[] = [];
    for (const { client } of pairs) client.on('n', (n: number) => got.push(n));
    const end = waitFor(first.client, 'end');
    for (let n = 0; n < 300; n++) {
      const { socket } = pairs[n % 3];
      if (n % 2 === 0) socket.emit('n', n);
      else socket.nsp.to(socket.id).emit('n', n);
    }
    first.socket.emit('end');
    await end;
    assert.deepEqual(
      got,
      Array.from({ length: 300 }, (_, n) => n),
    );
  });

  forEveryClient(
    'what is emitted before disconnect arrives before it, what is emitted after never',
    async (t, generation) => {
      for (const close of [false, true]) {
        const { client, socket } = await connectPair(t, server(), generation);
        const log = record(client, 'n', 'disconnect');
        const gone = waitFor(client, 'disconnect');
        for (let n = 0; n < 50; n++) socket.emit('n', n);
        server().io.to(socket.id).emit('n', 50, Buffer.alloc(100));
        socket.disconnect(close);
        server().io.to(socket.id).emit('n', 'late broadcast');
        await gone;
        const expected: unknown[][] = Array.from({ length: 50 }, (_, n) => ['n', n]);
        expected.push(['n', 50, Buffer.alloc(100)], log.at(-1)!);
        assert.deepEqual(log, expected);
        assert.equal(log.at(-1)![0], 'disconnect');
      }
    },
  );

  forEveryClient('a broadcast reaches those who were connected at the call', async (t, generation) => {
    const name = freshNamespace();
    const namespace = server().io.of(name);
    const early = await connectPair(t, server(), generation, name);
    const heardEarly = waitForAll(early.client, 'n', { count: 2 });
    namespace.once('connection', (socket) => {
      socket.emit('n', 'welcome');
      namespace.emit('n', 'everybody');
    });
    namespace.emit('n', 'before');
    const late = openClient(generation, server().port, name);
    t.after(() => closeConnection(late));
    const heardLate = waitForAll(late, 'n', { count: 2 });
    assert.deepEqual(await heardLate, [['welcome'], ['everybody']]);
    assert.deepEqual(await heardEarly, [['before'], ['everybody']]);
  });

  forEveryClient('acks and events of the server keep their order', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    socket.on('ask', (reply: (n: number) => void) => {
      socket.emit('n', 1);
      reply(2);
      server().io.to(socket.id).emit('n', 3);
    });
    const got: number[] = [];
    client.on('n', (n: number) => got.push(n));
    const last = waitFor(client, 'n', (n) => n === 3);
    client.emit('ask', (n: number) => got.push(n));
    await last;
    assert.deepEqual(got, [1, 2, 3]);
  });

  // The reference lets a disconnect overtake the events before it; the documents promise wire order.
  if (!reference) {
    forEveryClient(
      'an event that a client sends right before it disconnects is delivered first',
      async (t, generation) => {
        const { client, socket } = await connectPair(t, server(), generation);
        const log: unknown[] = [];
        socket.on('last', (n: number) => log.push(n));
        socket.on('disconnect', () => log.push('disconnect'));
        const gone = waitFor(socket, 'disconnect');
        for (let n = 0; n < 20; n++) client.emit('last', n);
        client.disconnect();
        await gone;
        assert.deepEqual(log, [...Array.from({ length: 20 }, (_, n) => n), 'disconnect']);
      },
    );
  }
});
