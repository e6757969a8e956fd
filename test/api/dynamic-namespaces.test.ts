/**
 * Namespaces that come with their first client.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Adapter } from '../../core/api/adapter.ts';
import type { Namespace } from '../../core/api/namespace.ts';
import { fakeServer, join, joinLegacy, settle, uncaught } from '../support/fake-engine.ts';

const UNKNOWN = '{"message":"Invalid namespace"}';

describe('a dynamic namespace', () => {
  it('is made for the first client whose name a RegExp matches, with middleware and listeners of that moment', async () => {
    const { io, engine } = fakeServer();
    const seen: string[] = [];
    const made: string[] = [];
    io.on('new_namespace', (nsp) => made.push(nsp.name));
    const parent = io.of(/^\/room-\d+$/, (socket) => seen.push(`connect ${socket.nsp.name}`));
    parent.use((socket, next) => {
      seen.push(`use ${socket.nsp.name}`);
      next();
    });
    parent.on('connection', (socket) => seen.push(`connection ${socket.nsp.name}`));
    const conn = await join(engine, '/room-1');
    parent.on('connection', () => seen.push('later'));
    conn.receive('0/room-2,', '0/room-x,');
    await settle();
    assert.deepEqual(seen.slice(0, 3), ['use /room-1', 'connect /room-1', 'connection /room-1']);
    assert.deepEqual(seen.slice(3), ['use /room-2', 'connect /room-2', 'connection /room-2', 'later']);
    assert.deepEqual(made, ['/room-1', '/room-2']);
    assert.equal(conn.taken()[0], `4/room-x,${UNKNOWN}`);
    assert.match(parent.name, /^\/_\d+$/);
    assert.equal(io.parentNsps.size, 1);
  });

  it('may be allowed by a function, late too, one namespace for all who ask meanwhile', async () => {
    const { io, engine } = fakeServer();
    const calls: [string, unknown][] = [];
    const answers: (() => void)[] = [];
    io.of((name, auth, next) => {
      calls.push([name, auth]);
      answers.push(() => next(null, true));
    });
    const first = engine.open();
    const second = engine.open();
    first.receive('0/a,{"token":1}');
    second.receive('0/a,');
    assert.deepEqual(calls, [
      ['/a', { token: 1 }],
      ['/a', {}],
    ]);
    for (const answer of [...answers, ...answers]) answer();
    await settle();
    assert.equal(io.of('/a').sockets.size, 2);
    assert.deepEqual([first.taken().length, second.taken().length], [1, 1]);
  });

  it('is asked of the parents in order; errors and exceptions count as no', async () => {
    const { io, engine } = fakeServer();
    const asked: number[] = [];
    io.of((_name, _auth, next) => {
      asked.push(1);
      next(new Error('no'), true);
    });
    io.of(() => {
      asked.push(2);
      throw new Error('mine');
    });
    io.of((_name, _auth, next) => {
      asked.push(3);
      next(null, true);
    });
    const errors = await uncaught(async () => void (await join(engine, '/x')));
    assert.deepEqual(asked, [1, 2, 3]);
    assert.equal(errors.length, 1);
    assert.equal(io.of('/x').sockets.size, 1);
  });

  it('is not made when the client is gone before the answer, and asking twice meanwhile breaks the protocol', async () => {
    const { io, engine } = fakeServer();
    const answers: (() => void)[] = [];
    io.of((_name, _auth, next) => answers.push(() => next(null, true)));
    const conn = engine.open();
    conn.receive('0/a,');
    conn.drop();
    answers[0]();
    const eager = engine.open();
    eager.receive('0/b,', '0/b,');
    const old = await joinLegacy(engine);
    old.receive('0/c,', '1/c,');
    for (const answer of answers) answer();
    await settle();
    assert.deepEqual([...io._nsps.keys()], ['/']);
    assert.equal(eager.readyState, 'closed');
    assert.deepEqual(old.taken(), []);
  });

  it('gets what its parent sends, to rooms and with acknowledgements too', async () => {
    const { io, engine } = fakeServer();
    const parent = io.of(/^\/n\d$/);
    const conns = [await join(engine, '/n1'), await join(engine, '/n2'), await join(engine)];
    for (const socket of io.of('/n2').sockets.values()) socket.join('r');
    assert.equal(parent.emit('a'), parent);
    parent.to('r').emit('b');
    const answer = parent.timeout(1000).emitWithAck('c');
    assert.deepEqual(
      conns.map((conn) => conn.taken()),
      [['2/n1,["a"]', '2/n1,0["c"]'], ['2/n2,["a"]', '2/n2,["b"]', '2/n2,0["c"]'], []],
    );
    conns[1].receive('3/n2,0["two"]');
    conns[0].receive('3/n1,0["one"]');
    assert.deepEqual(await answer, ['two', 'one']);
    parent.socketsJoin('all');
    assert.equal(io.of('/n1').adapter.rooms.get('all')?.size, 1);
    await assert.rejects(parent.fetchSockets(), /not supported on parent namespaces/);
    assert.throws(() => parent.clients(() => {}), /not supported on parent namespaces/);
    parent.disconnectSockets();
    assert.equal(io.of('/n1').sockets.size + io.of('/n2').sockets.size, 0);
  });

  it('is made by name too when a RegExp matches, not when a function would', () => {
    const { io } = fakeServer();
    const seen: Namespace[] = [];
    io.of(/^\/n\d$/).on('connection', () => seen.push());
    io.of((_name, _auth, next) => next(null, true));
    assert.equal(io.of('/n1').listenerCount('connection'), 1);
    assert.equal(io.of('/other').listenerCount('connection'), 0);
  });

  it('cannot come from a RegExp that remembers where it stopped', () => {
    const { io } = fakeServer();
    for (const stateful of [/x/g, /x/y]) {
      assert.throws(() => io.of(stateful), { message: 'stateful regular expressions are not supported' });
    }
  });

  it('goes with its last socket when told so, not while another is on its way, and can come again', async () => {
    const closed: string[] = [];
    class Noting extends Adapter {
      override close(): void {
        closed.push(this.nsp.name);
      }
    }
    const { io, engine } = fakeServer({ cleanupEmptyChildNamespaces: true, adapter: Noting });
    let hold: (() => void)[] = [];
    io.of(/^\/n\d$/).use((socket, next) => {
      if (socket.handshake.auth.refuse) next(new Error('no'));
      else hold.push(next);
    });
    const first = engine.open();
    first.receive('0/n1,');
    hold[0]();
    await settle();
    const second = engine.open();
    second.receive('0/n1,');
    first.receive('1/n1,');
    assert.deepEqual(closed, [], 'a candidate is in middleware');
    second.drop();
    assert.deepEqual(closed, ['/n1']);
    assert.equal(io._nsps.has('/n1'), false);
    const refused = engine.open();
    refused.receive('0/n2,{"refuse":true}');
    await settle();
    assert.deepEqual(closed, ['/n1', '/n2']);
    hold = [];
    const again = engine.open();
    again.receive('0/n1,');
    hold[0]();
    await settle();
    assert.equal(io.of('/n1').sockets.size, 1);
    await io.close();
    assert.deepEqual(closed.toSorted(), ['/', '/n1', '/n1', '/n2']);
  });

  it('stays when nobody asks for the opposite', async () => {
    const { io, engine } = fakeServer();
    io.of(/^\/n\d$/);
    const conn = await join(engine, '/n1');
    conn.drop();
    assert.ok(io._nsps.has('/n1'));
  });

  it('goes when it is the oldest that nobody is in, and clients have made too many of its parent', async () => {
    const { io, engine } = fakeServer({ maxChildNamespaces: 3 });
    io.of(/^\/n\d+$/);
    io.of('/n0');
    const conn = await join(engine, '/n1');
    for (let i = 2; i < 10; i++) {
      conn.receive(`0/n${i},`);
      await settle();
      conn.receive(`1/n${i},`);
    }
    assert.deepEqual([...io._nsps.keys()], ['/', '/n0', '/n1', '/n8', '/n9'], 'those of the application do not count');
    conn.receive('0/n8,');
    await settle();
    conn.receive('0/n10,');
    await settle();
    assert.deepEqual([...io._nsps.keys()], ['/', '/n0', '/n1', '/n8', '/n10']);
    assert.equal(io.of('/n8').sockets.size, 1);
  });

  it('is refused when clients are in all of its parent, or on their way, and comes when one has left', async () => {
    const { io, engine } = fakeServer({ maxChildNamespaces: 2 });
    const held: (() => void)[] = [];
    io.of(/^\/n\d+$/).use((_socket, next) => held.push(next));
    const conn = engine.open();
    conn.receive('0/n1,', '0/n2,', '0/n3,');
    await settle();
    assert.deepEqual(conn.taken(), ['4/n3,{"message":"Too many namespaces"}']);
    for (const next of held) next();
    await settle();
    conn.receive('1/n1,', '0/n3,');
    await settle();
    held.at(-1)?.();
    await settle();
    assert.deepEqual([...io._nsps.keys()], ['/', '/n2', '/n3']);
    assert.equal(io.of('/n3').sockets.size, 1);
  });

  it('counts towards the namespaces of a connection, of which there may be a limited number', async () => {
    const { io, engine } = fakeServer({ maxNamespaces: 3 });
    io.of(/./);
    const conn = engine.open();
    conn.receive('0/1,', '0/2,', '0/3,', '0/4,');
    await settle();
    assert.equal(conn.taken().at(0), '4/4,{"message":"Too many namespaces"}');
    assert.equal(conn.readyState, 'open');
    const old = engine.open({ protocol: 3 });
    old.receive('0/1', '0/2', '0/3');
    await settle();
    assert.equal(old.taken().at(0), '4/3,"Too many namespaces"');
  });
});
