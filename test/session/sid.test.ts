/** Session ids: form, uniqueness, and the thread read back from anything a client may send. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSid, MAX_SID_THREADS, randomId, threadOfSid } from '../../core/session/sid.ts';
import { Random } from '../support/random.ts';

test('an id is URL-safe and names its thread, for all 64 threads', () => {
  for (let thread = 0; thread < MAX_SID_THREADS; thread++) {
    const sid = generateSid(thread);
    assert.match(sid, /^[A-Za-z0-9_-]{21}$/);
    assert.equal(threadOfSid(sid), thread);
    assert.equal(encodeURIComponent(sid), sid);
  }
});

test('ids do not repeat, and each of their random characters takes many values', () => {
  const count = 10_000;
  const sids = new Set(Array.from({ length: count }, () => generateSid(0)));
  assert.equal(sids.size, count);
  for (let at = 0; at < 20; at++) {
    // 64 values with 10,000 draws: one is missing in fewer than 1 of 10^66 runs.
    assert.equal(new Set(Array.from(sids, (sid) => sid[at])).size, 64, `character ${at}`);
  }
});

test('an id without a thread has the random characters only', () => {
  const ids = new Set(Array.from({ length: 1_000 }, randomId)); // beyond one filling of the pool
  assert.equal(ids.size, 1_000);
  for (const id of ids) {
    assert.match(id, /^[A-Za-z0-9_-]{20}$/);
    assert.equal(threadOfSid(id), -1);
  }
});

test('a thread that one character cannot name is refused', () => {
  for (const thread of [-1, 64, 1.5, Number.NaN]) assert.throws(() => generateSid(thread), RangeError);
});

test('ids of another form belong to no thread', () => {
  const sid = generateSid(7);
  const others = [
    '',
    'abc',
    '__proto__',
    'constructor',
    `${sid}A`,
    sid.slice(1),
    `${sid.slice(1)}+`,
    `/${sid.slice(1)}`,
  ];
  for (const other of [...others, '€'.repeat(21), `${sid.slice(1)}\u0141`, ' '.repeat(21), 'A'.repeat(5000)]) {
    assert.equal(threadOfSid(other), -1, other.slice(0, 30));
  }
});

test('random strings of the right length belong to a thread exactly when all characters are of the alphabet', () => {
  const random = new Random();
  for (let round = 0; round < 5000; round++) {
    const chars = [...generateSid(random.below(MAX_SID_THREADS))];
    for (let change = random.below(3); change > 0; change--) {
      chars[random.below(21)] = String.fromCharCode(random.chance(0.9) ? random.below(128) : random.below(65_536));
    }
    const sid = chars.join('');
    assert.equal(threadOfSid(sid) >= 0, /^[A-Za-z0-9_-]{21}$/.test(sid), JSON.stringify(sid));
  }
});
