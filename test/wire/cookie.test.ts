/** The `cookie` option: the forms of both generations, beside the `cookie` package, and what is refused. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { resolveCookie, serializeCookie } from '../../core/wire/cookie.ts';
import { Random } from '../support/random.ts';

const require = createRequire(import.meta.url);
const oracle = createRequire(require.resolve('engine.io'))('cookie');

function header(option: unknown, legacy?: { cookiePath?: string | false; cookieHttpOnly?: boolean }): string | null {
  const rule = resolveCookie(option, legacy);
  return rule && serializeCookie(rule, 'abc_-1');
}

describe('forms', () => {
  test('there is no cookie unless one is asked for', () => {
    for (const option of [undefined, null, false]) assert.equal(resolveCookie(option, { cookiePath: '/x' }), null);
  });

  test('true is the cookie of 4.x', () => {
    assert.equal(header(true), 'io=abc_-1; Path=/; HttpOnly; SameSite=Lax');
  });

  test('a name is the cookie of 2.x', () => {
    assert.equal(header('sess'), 'sess=abc_-1; Path=/; HttpOnly; SameSite=Strict');
  });

  test('an object changes the defaults of 4.x', () => {
    assert.equal(header({}), 'io=abc_-1; Path=/; HttpOnly; SameSite=Lax');
    assert.equal(
      header({ name: 'x', path: '/a', httpOnly: false, sameSite: 'none', secure: true, maxAge: 9.9 }),
      'x=abc_-1; Max-Age=9; Path=/a; Secure; SameSite=None',
    );
    assert.equal(header({ path: false, sameSite: false, httpOnly: undefined }), 'io=abc_-1; HttpOnly');
  });

  test('the separate options of 2.x change the short forms', () => {
    assert.equal(header('io', { cookiePath: false }), 'io=abc_-1; SameSite=Strict');
    assert.equal(header('io', { cookiePath: '/a' }), 'io=abc_-1; Path=/a; HttpOnly; SameSite=Strict');
    assert.equal(header('io', { cookieHttpOnly: false }), 'io=abc_-1; Path=/; SameSite=Strict');
    assert.equal(header('io', { cookiePath: false, cookieHttpOnly: true }), 'io=abc_-1; SameSite=Strict');
    assert.equal(header(true, { cookieHttpOnly: false }), 'io=abc_-1; Path=/; SameSite=Lax');
  });

  test('random objects are serialised as the reference does it', () => {
    const random = new Random();
    const values: Record<string, readonly unknown[]> = {
      name: ['io', 'a-b', '$x'],
      path: ['/', '/a b', '', '/a/b'],
      domain: ['example.com', '.example.com', 'a', ''],
      maxAge: [0, 1, 3600.5, -1],
      expires: [new Date(0), new Date(1e12)],
      httpOnly: [true, false],
      secure: [true, false],
      partitioned: [true, false],
      priority: ['low', 'Medium', 'HIGH'],
      sameSite: [true, false, 'lax', 'STRICT', 'none'],
    };
    const sids = ['abc', 'a b', 'ä;=', '"x"', '😀', ''];
    for (let round = 0; round < 1000; round++) {
      const given: Record<string, unknown> = {};
      for (const [field, list] of Object.entries(values)) if (random.chance(0.4)) given[field] = random.pick(list);
      const merged = { name: 'io', path: '/', httpOnly: true, sameSite: 'lax', ...given };
      const rule = resolveCookie(given);
      assert.ok(rule);
      const sid = random.pick(sids);
      assert.equal(serializeCookie(rule, sid), oracle.serialize(merged.name, sid, merged));
      assert.deepEqual(structuredClone(rule), rule);
    }
  });
});

describe('refusals', () => {
  const INVALID: readonly unknown[] = [
    5,
    '',
    'a b',
    'a;b',
    'a=b',
    'é',
    'a\r\nSet-Cookie: b',
    { name: 'a\n' },
    { name: 5 },
    { path: '/;x' },
    { path: '/\r\n' },
    { path: '/é' },
    { path: true },
    { domain: 'a;b' },
    { domain: '-a.example' },
    { domain: 'a..b' },
    { domain: 'a'.repeat(64) },
    { domain: 5 },
    { maxAge: Number.NaN },
    { maxAge: Infinity },
    { maxAge: '10' },
    { expires: 'tomorrow' },
    { expires: new Date(Number.NaN) },
    { httpOnly: 'yes' },
    { secure: 1 },
    { partitioned: 'x' },
    { priority: 'urgent' },
    { sameSite: 'sometimes' },
  ];
  for (const option of INVALID) {
    test(`${JSON.stringify(option)} is refused`, () => {
      assert.throws(() => resolveCookie(option), { name: 'EngineError', code: 'ERR_OPTION_INVALID' });
    });
  }

  test('the message names field and value', () => {
    assert.throws(() => resolveCookie({ priority: 'urgent' }), {
      message: /cookie\.priority is "urgent", expected 'low'/,
    });
  });

  test('an unknown field is refused by name', () => {
    assert.throws(() => resolveCookie({ samesite: 'lax' }), {
      code: 'ERR_OPTION_UNKNOWN',
      message: /cookie\.samesite/,
    });
    assert.throws(() => resolveCookie({ encode: String }), { code: 'ERR_OPTION_UNKNOWN' });
  });

  test('nonsense in the separate options is refused', () => {
    for (const legacy of [{ cookiePath: '/\n' }, { cookiePath: 5 }, { cookieHttpOnly: 'no' }]) {
      assert.throws(() => resolveCookie(true, legacy as object), { code: 'ERR_OPTION_INVALID' });
    }
  });
});
