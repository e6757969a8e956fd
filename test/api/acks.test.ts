import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Socket } from '../../core/api/socket.ts';
import { fakeServer, join, joinLegacy, settle, uncaught } from '../support/fake-engine.ts';

async function three() {
  const server = fakeServer();
  const conns = [await join(server.engine), await joinLegacy(server.engine), await join(server.engine)];
  const sockets: Socket[] = [...server.io.sockets.sockets.values()];
  return { ...server, conns, sockets };
}

const TIMED_OUT = { message: 'operation has timed out' };

describe('acknowledgements of one client', () => {
  it('take ids from one counter per namespace and are called once', async () => {
    const { io, conns, sockets } = await three();
    const seen: unknown[] = [];
    sockets[0].emit('a', (...args: unknown[]) => seen.push(args));
    sockets[1].emit('a', (...args: unknown[]) => seen.push(args));
    io.timeout(1000).emit('a', () => {});
    assert.deepEqual(conns[0].taken(), ['20["a"]', '22["a"]']);
    assert.deepEqual(conns[1].taken(), ['21["a"]', '22["a"]']);
    conns[0].receive('30["x",1]', '30["again"]', '31["not yours"]', '399["unknown"]', '3["no id"]');
    conns[1].receive('31', '32[]');
    conns[0].receive('32[]');
    conns[2].receive('32[]');
    assert.deepEqual(seen, [['x', 1], []]);
    assert.equal(conns[0].readyState, 'open');
  });

  it('get an error after timeout(), or null before the answer', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { conns, sockets } = await three();
    const seen: unknown[] = [];
    const callback = (error: Error | null, value?: unknown) => seen.push(error?.message ?? null, value);
    sockets[0].timeout(50).emit('a', callback);
    sockets[0].timeout(50).emit('b', callback);
    conns[0].receive('31["yes"]');
    t.mock.timers.tick(50);
    conns[0].receive('30["late"]');
    assert.deepEqual(seen, [null, 'yes', TIMED_OUT.message, undefined]);
    sockets[0].disconnect();
    sockets[0].timeout(50).emit('c', callback);
    t.mock.timers.tick(50);
    assert.deepEqual(seen.slice(4), [TIMED_OUT.message, undefined], 'a socket that is gone times out too');
  });

  it('come as a promise from emitWithAck', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { conns, sockets } = await three();
    const plain = sockets[0].emitWithAck('a', 1);
    const timed = sockets[0].timeout(50).emitWithAck('b');
    const late = sockets[0].timeout(50).emitWithAck('c');
    assert.deepEqual(conns[0].taken(), ['20["a",1]', '21["b"]', '22["c"]']);
    conns[0].receive('30["x"]', '31["y"]');
    t.mock.timers.tick(50);
    assert.deepEqual([await plain, await timed], ['x', 'y']);
    await assert.rejects(late, TIMED_OUT);
    await assert.rejects(sockets[0].emitWithAck('connect'), { code: 'ERR_RESERVED_EVENT' });
  });

  it('that throw are uncaught exceptions and do not keep later packets back', async () => {
    const { conns, sockets } = await three();
    let seen = 0;
    const errors = await uncaught(() => {
      sockets[0].emit('a', () => {
        throw new Error('in ack');
      });
      sockets[0].on('b', () => seen++);
      conns[0].receive('30[]', '2["b"]');
    });
    assert.equal(seen, 1);
    assert.equal((errors[0] as Error).message, 'in ack');
  });
});

describe('acknowledgements of a broadcast', () => {
  it('are refused without timeout()', async () => {
    const { io, sockets, conns } = await three();
    for (const emit of [() => io.emit('a', () => {}), () => sockets[0].to('r').emit('a', () => {})]) {
      assert.throws(emit, { code: 'ERR_ACK_NOT_SUPPORTED', message: 'Callbacks are not supported when broadcasting' });
    }
    io.emit('b');
    assert.deepEqual(conns[0].taken(), ['2["b"]']);
  });

  it('collect the first argument of each answer in order of arrival', async () => {
    const { io, conns, sockets } = await three();
    const seen: unknown[] = [];
    io.timeout(1000).emit('a', 1, (error: Error | null, responses: unknown[]) => seen.push(error, responses));
    await settle();
    conns[2].receive('30["c","ignored"]');
    conns[0].receive('30["a"]');
    assert.deepEqual(seen, []);
    conns[1].receive('30["b"]', '30["twice"]');
    assert.deepEqual(seen, [null, ['c', 'a', 'b']]);
    const promise = sockets[0].broadcast.timeout(1000).emitWithAck('b');
    assert.deepEqual(conns[0].taken(), ['20["a",1]']);
    conns[1].receive('31["b"]');
    conns[2].receive('31["c"]');
    assert.deepEqual(await promise, ['b', 'c']);
  });

  it('report an error with the answers so far when time is over', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { io, conns } = await three();
    const seen: unknown[] = [];
    io.timeout(50).emit('a', (error: Error | null, responses: unknown[]) => seen.push(error?.message, responses));
    const promise = io.timeout(50).emitWithAck('b');
    conns[0].receive('30["x"]', '31["y"]');
    t.mock.timers.tick(50);
    conns[1].receive('30["late"]');
    assert.deepEqual(seen, [TIMED_OUT.message, ['x']]);
    await assert.rejects(promise, { ...TIMED_OUT, responses: ['y'] });
  });

  it('do not wait for clients that are gone, and need none to be there', async () => {
    const { io, conns } = await three();
    const promise = io.emitWithAck('a');
    conns[0].receive('30["x"]');
    conns[1].drop();
    conns[2].receive('1');
    await assert.rejects(promise, { ...TIMED_OUT, responses: ['x'] });
    assert.deepEqual(await io.to('nobody').timeout(1000).emitWithAck('a'), []);
    const order: string[] = [];
    io.to('nobody')
      .timeout(1000)
      .emit('a', () => order.push('callback'));
    order.push('after the call');
    await settle();
    assert.deepEqual(order, ['after the call', 'callback']);
  });
});
