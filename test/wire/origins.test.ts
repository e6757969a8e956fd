/** The `origins` option of 2.x: whole matches only, beside Socket.IO 2 where that is sound. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import {
  isOriginAllowed,
  type OriginsRule,
  originCandidate,
  originsHeaders,
  resolveOrigins,
  UNKNOWN_ORIGIN,
} from '../../core/wire/origins.ts';
import { Random } from '../support/random.ts';

const require = createRequire(import.meta.url);
const Server2 = require('socket.io-2');

function rule(option: unknown): OriginsRule {
  const resolved = resolveOrigins(option);
  assert.ok(resolved !== null);
  return resolved;
}

function allows(option: unknown, origin: string): boolean {
  return isOriginAllowed(structuredClone(rule(option)), originCandidate(origin, undefined));
}

function oracleAllows(origins: unknown, origin: string): boolean {
  let allowed = false;
  Server2.prototype.checkRequest.call(
    { _origins: origins },
    { headers: { origin } },
    (_: unknown, success: boolean) => {
      allowed = success;
    },
  );
  return allowed;
}

describe('matching', () => {
  const CASES: readonly [entry: string, origin: string, allowed: boolean][] = [
    ['*', 'http://x.example', true],
    ['*:*', 'http://x.example', true],
    ['foo.example.com:443', 'https://foo.example.com', true],
    ['foo.example.com:443', 'https://FOO.example.com:443', true],
    ['foo.example.com:443', 'http://foo.example.com', false],
    ['foo.example.com:443', 'https://oo.example.com', false],
    ['foo.example.com:443', 'https://foo.example.com.evil', false],
    ['foo.example.com:443', 'https://foo.example.com:4433', false],
    ['http://foo.example:80', 'http://foo.example', true],
    ['http://foo.example:80', 'https://foo.example:80', false],
    ['http://foo.example:*', 'http://foo.example:81', true],
    ['http://foo.example:*', 'http://o.example', false],
    ['http://foo.example:*', 'https://foo.example', false],
    ['foo.example:*', 'https://foo.example:8443', true],
    ['*:8080', 'http://x.example:8080', true],
    ['*:8080', 'http://x.example', false],
    ['https://*:*', 'https://x.example:5', true],
    ['https://*:*', 'http://x.example:5', false],
    ['https://foo.example', 'https://foo.example', true],
    ['https://foo.example/', 'https://foo.example', true],
    ['https://foo.example', 'https://foo.example:444', false],
    ['foo.example', 'https://foo.example', true],
    ['foo.example', 'https://foo.example:80', false],
    ['[::1]:3000', 'http://[::1]:3000', true],
    ['FOO.example:80', 'http://foo.example', true],
    ['bücher.example:443', 'https://xn--bcher-kva.example', true],
    ['a:80 b:80,c:80', 'http://b', true],
    ['a:80 b:80,c:80', 'http://c', true],
    ['a:80 b:80,c:80', 'http://d', false],
  ];
  for (const [entry, origin, allowed] of CASES) {
    test(`${entry} ${allowed ? 'admits' : 'refuses'} ${origin}`, () => {
      assert.equal(allows(entry, origin), allowed);
    });
  }

  test('an origin that is missing, null or no URL is admitted only by an entry for any', () => {
    for (const origin of [
      '',
      'null',
      '*',
      'foo',
      'http://',
      'http://\u0001foo.example',
      'http://foo\t.example',
      'file:///x',
    ]) {
      assert.equal(allows(['foo.example:*', '*:80'], origin), false, origin);
      assert.equal(allows(['foo.example:*', '*'], origin), true, origin);
    }
  });

  test('the referer stands in for a missing origin', () => {
    assert.equal(originCandidate(undefined, 'http://a/x?y'), 'http://a/x?y');
    assert.equal(originCandidate('http://b', 'http://a/'), 'http://b');
    assert.equal(originCandidate('null', 'http://a/'), UNKNOWN_ORIGIN);
    assert.equal(originCandidate(undefined, undefined), UNKNOWN_ORIGIN);
    assert.ok(isOriginAllowed(rule('a:80'), originCandidate(undefined, 'http://a/x?y')));
  });

  test('an empty list admits nobody', () => {
    for (const option of [[], '']) assert.equal(allows(option, 'http://a'), false);
  });

  test('random lists admit what Socket.IO 2 admits by whole elements', () => {
    const random = new Random();
    const hosts = ['a.example', 'b.example', '*'];
    const ports = ['80', '443', '8080', '*'];
    for (let round = 0; round < 2000; round++) {
      const list = Array.from({ length: random.below(4) }, () => {
        const host = random.pick(hosts);
        const port = random.pick(ports);
        // A protocol goes only with host and port in the reference.
        const protocol = host !== '*' && port !== '*' && random.chance(0.3) ? random.pick(['http://', 'https://']) : '';
        return `${protocol}${host}:${port}`;
      });
      const port = random.pick(['', ':80', ':443', ':8080']);
      const origin = `${random.pick(['http', 'https'])}://${random.pick(['a.example', 'b.example', 'c.example'])}${port}`;
      assert.equal(allows(list, origin), oracleAllows(list, origin), `${list} ${origin}`);
    }
  });

  test('random origins never make it throw', () => {
    const random = new Random();
    const alphabet = [
      'http:',
      '//',
      '/',
      ':',
      '80',
      'a',
      '[',
      ']',
      '::1',
      '@',
      '%',
      '\u0000',
      'é',
      ' ',
      '*',
      '.',
      '\\',
    ];
    const resolved = rule(['a:80', '*:81']);
    for (let round = 0; round < 2000; round++) {
      const origin = Array.from({ length: random.below(10) }, () => random.pick(alphabet)).join('');
      assert.equal(typeof isOriginAllowed(resolved, originCandidate(origin, undefined)), 'boolean');
    }
  });
});

describe('headers', () => {
  test('an admitted origin may read the answer, with credentials', () => {
    const { headers, endStatus } = originsHeaders({ method: 'GET', origin: 'http://a', requestHeaders: undefined });
    assert.deepEqual(Object.fromEntries(headers), {
      'Access-Control-Allow-Origin': 'http://a',
      'Access-Control-Allow-Credentials': 'true',
      Vary: 'Origin',
    });
    assert.equal(endStatus, 0);
  });

  test('a preflight request is answered and may use Content-Type', () => {
    const { headers, endStatus } = originsHeaders({ method: 'OPTIONS', origin: 'http://a', requestHeaders: 'x-y' });
    assert.equal(Object.fromEntries(headers)['Access-Control-Allow-Headers'], 'Content-Type');
    assert.equal(endStatus, 200);
  });

  test('without an origin, or with control bytes in it, there are none', () => {
    for (const origin of [undefined, '', 'http://a\r\nx: y', '\u0001']) {
      assert.deepEqual(originsHeaders({ method: 'OPTIONS', origin, requestHeaders: undefined }).headers, []);
    }
  });
});

describe('the option', () => {
  test('there is no rule unless one is given', () => {
    for (const option of [undefined, null]) assert.equal(resolveOrigins(option), null);
  });

  test('a function stands in the rule as a question, and admits nobody by itself', () => {
    assert.deepEqual(
      resolveOrigins(() => {}),
      { ask: true },
    );
    assert.equal(
      isOriginAllowed(
        rule(() => {}),
        'http://a',
      ),
      false,
    );
  });

  for (const option of [
    5,
    true,
    {},
    [5],
    [''],
    ['a b'],
    ['http://a/path'],
    ['a:port'],
    ['http://'],
    ['*.example:80'],
    ['u@a:80'],
  ]) {
    test(`${JSON.stringify(option)} is refused`, () => {
      assert.throws(() => resolveOrigins(option), { name: 'EngineError', code: 'ERR_OPTION_INVALID' });
    });
  }
});
