/** Sessions without a namespace: who is let in, and when the I/O threads are told to refuse. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Strangers } from '../../core/api/strangers.ts';
import type { SessionNumber } from '../../core/session/ids.ts';

function strangers(maxPending: number, maxPendingPerAddress: number) {
  const told: [string | null, boolean][] = [];
  const counted = new Strangers({ maxPending, maxPendingPerAddress }, (...message) => told.push(message));
  let number = 0;
  const arrive = (address: string): SessionNumber | undefined => {
    const session = ++number as SessionNumber;
    return counted.arrive(session, address) ? session : undefined;
  };
  const take = (): [string | null, boolean][] => told.splice(0);
  return { counted, arrive, take };
}

describe('strangers', () => {
  it('are let in up to the limit of their address, which is blocked from then on until one settles', () => {
    const { counted, arrive, take } = strangers(100, 2);
    const first = arrive('a') as SessionNumber;
    assert.deepEqual(take(), []);
    assert.ok(arrive('a'));
    assert.deepEqual(take(), [['a', true]]);
    assert.equal(arrive('a'), undefined);
    assert.deepEqual(take(), [['a', true]], 'said again: a restarted thread has not heard of it');
    assert.ok(arrive('b'));
    assert.deepEqual(take(), []);
    counted.settle(first);
    assert.deepEqual(take(), [['a', false]]);
    assert.ok(arrive('a'));
  });

  it('are one client with all addresses of an IPv6 network', () => {
    const { arrive, take } = strangers(100, 2);
    assert.ok(arrive('2001:db8::1'));
    assert.ok(arrive('2001:db8::1:0:0:1'));
    assert.deepEqual(take(), [['2001:db8:0:0::/64', true]]);
    assert.equal(arrive('2001:db8::2'), undefined);
    assert.ok(arrive('2001:db8:0:1::2'));
  });

  it('are let in up to the limit of all, one that was not let in counting for nothing', () => {
    const { counted, arrive, take } = strangers(2, 100);
    const first = arrive('a') as SessionNumber;
    assert.ok(arrive('b'));
    assert.deepEqual(take(), [[null, true]]);
    for (let i = 0; i < 3; i++) assert.equal(arrive('c'), undefined);
    take();
    counted.settle(first);
    assert.deepEqual(take(), [[null, false]]);
    assert.ok(arrive('c'));
  });

  it('settle once, whoever says so again', () => {
    const { counted, arrive, take } = strangers(1, 1);
    const only = arrive('a') as SessionNumber;
    take();
    counted.settle(only);
    counted.settle(only);
    counted.settle(99 as SessionNumber);
    assert.deepEqual(take(), [
      [null, false],
      ['a', false],
    ]);
    assert.ok(arrive('a'));
    assert.equal(arrive('b'), undefined);
  });
});
