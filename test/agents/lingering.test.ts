/** Last packets of ended polling sessions: given out once, forgotten in time, and within one budget. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LastWords, Lingering } from '../../core/agents/io/lingering.ts';

const words = (text: string): LastWords => ({
  revision: 4,
  binary: false,
  packets: [{ type: 4, binary: false, data: Buffer.from(text), compress: false }],
});
const textOf = (taken: LastWords | undefined): string | undefined =>
  taken && Buffer.concat(taken.packets.map(({ data }) => data)).toString();

describe('last packets', () => {
  it('are given out once, to their own Server', () => {
    const lingering = new Lingering();
    lingering.add(1, 'a', words('of 1'), 4, 0);
    lingering.add(2, 'a', words('of 2'), 4, 0);
    assert.equal(textOf(lingering.take(2, 'a')), 'of 2');
    assert.equal(textOf(lingering.take(2, 'a')), undefined);
    assert.equal(textOf(lingering.take(1, 'a')), 'of 1');
  });

  it('wait 30 s', () => {
    const lingering = new Lingering();
    lingering.add(1, 'a', words('a'), 1, 0);
    lingering.add(1, 'b', words('b'), 1, 1);
    lingering.tick(29_999);
    lingering.tick(30_000);
    assert.equal(lingering.take(1, 'a'), undefined);
    assert.equal(textOf(lingering.take(1, 'b')), 'b');
  });

  it('of the oldest go first when all together are more than the budget', () => {
    const lingering = new Lingering(10_000);
    for (const sid of ['a', 'b', 'c', 'd']) lingering.add(1, sid, words(sid), 4000, 0);
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((sid) => textOf(lingering.take(1, sid))),
      [undefined, undefined, 'c', 'd'],
    );
    for (const sid of ['e', 'f']) lingering.add(1, sid, words(sid), 4000, 0);
    assert.equal(textOf(lingering.take(1, 'e')), 'e', 'what was taken or dropped counts no more');
  });

  it('count even when there are none', () => {
    const lingering = new Lingering(10_000);
    for (let i = 0; i < 1000; i++) lingering.add(1, `${i}`, { ...words(''), packets: [] }, 0, 0);
    assert.equal(lingering.take(1, '0'), undefined);
    assert.notEqual(lingering.take(1, '999'), undefined);
  });

  it('that are more than the whole budget leave only the end', () => {
    const lingering = new Lingering(10_000);
    lingering.add(1, 'small', words('small'), 5, 0);
    lingering.add(1, 'large', words('large'), 10_000, 0);
    assert.deepEqual(lingering.take(1, 'large')?.packets, []);
    assert.equal(textOf(lingering.take(1, 'small')), 'small');
  });

  it('of a second session by the same id replace the first', () => {
    const lingering = new Lingering(10_000);
    for (let i = 0; i < 10; i++) lingering.add(1, 'a', words(`${i}`), 6000, 0);
    lingering.add(1, 'b', words('b'), 3000, 0);
    assert.equal(textOf(lingering.take(1, 'a')), '9');
  });
});
