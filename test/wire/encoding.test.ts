/** The choice of a content coding, beside the `accepts` package, and the `httpCompression` option. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import {
  type ContentCoding,
  chooseCoding,
  codingOfAnswer,
  FILE_CODINGS,
  POLLING_CODINGS,
  resolveHttpCompression,
} from '../../core/wire/encoding.ts';
import { Random } from '../support/random.ts';

const require = createRequire(import.meta.url);
const accepts = createRequire(require.resolve('engine.io'))('accepts');

function oracle(header: string | undefined, offered: readonly ContentCoding[]): ContentCoding | undefined {
  return accepts({ headers: { 'accept-encoding': header } }).encodings([...offered]) || undefined;
}

describe('choosing', () => {
  const CASES: readonly [header: string | undefined, chosen: ContentCoding | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    ['gzip, deflate, br', 'gzip'],
    ['br, gzip', 'br'],
    ['br;q=0.5, gzip;q=0.4', 'br'],
    ['gzip;q=0, *', 'br'],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['gzip;q=0', undefined],
    ['gzip;q=0.000', undefined],
    ['GZIP', 'gzip'],
    ['compress, zstd', undefined],
    [',,gzip,,', 'gzip'],
    ['  gzip  ;  q=0.2 , deflate ; q=0.3', 'deflate'],
  ];
  for (const [header, chosen] of CASES) {
    test(`${JSON.stringify(header)} gives ${chosen ?? 'none'}, as in the reference`, () => {
      assert.equal(chooseCoding(header, FILE_CODINGS), chosen);
      assert.equal(oracle(header, FILE_CODINGS), chosen);
    });
  }

  test('a weight that is no weight rules the coding out', () => {
    for (const weight of ['', 'x', '2', '-1', '0.1234', '1.001', 'Infinity', '1e0']) {
      assert.equal(chooseCoding(`gzip;q=${weight}`, POLLING_CODINGS), undefined, weight);
    }
  });

  test('the name of the weight is read in either case', () => {
    assert.equal(chooseCoding('gzip;Q=0, deflate', POLLING_CODINGS), 'deflate');
  });

  test('identity with the highest weight is respected', () => {
    assert.equal(chooseCoding('identity, gzip;q=0.5', POLLING_CODINGS), undefined);
    assert.equal(chooseCoding('identity;q=0.5, gzip', POLLING_CODINGS), 'gzip');
    assert.equal(chooseCoding('identity, gzip', POLLING_CODINGS), 'gzip');
  });

  test('random headers give what the reference gives', () => {
    const random = new Random();
    const names = ['gzip', 'deflate', 'br', '*', 'zstd', 'x-gzip', 'Gzip'];
    const weights = ['', '', ';q=0', ';q=0.5', '; q=0.25', ';q=1', ' ;a=b;q=0.125', ';q=1.000'];
    for (let round = 0; round < 3000; round++) {
      const left = [...names];
      const entries: string[] = [];
      for (let i = random.below(6); i > 0; i--) {
        const [name] = left.splice(random.below(left.length), 1);
        if (name.toLowerCase() === 'gzip' && entries.some((entry) => /^gzip/i.test(entry))) continue;
        entries.push(name + random.pick(weights));
      }
      const header = entries.join(random.pick([',', ', ', ' , ']));
      for (const offered of [POLLING_CODINGS, FILE_CODINGS]) {
        assert.equal(chooseCoding(header, offered), oracle(header, offered), header);
      }
    }
  });

  test('random characters never make it throw, and a long header is read to its end', () => {
    const random = new Random();
    const alphabet = ['gzip', 'br', '*', ',', ';', 'q', '=', '0', '.', '1', ' ', '\t', '\u0000', 'é', '__proto__'];
    for (let round = 0; round < 3000; round++) {
      const header = Array.from({ length: random.below(20) }, () => random.pick(alphabet)).join('');
      const chosen = chooseCoding(header, FILE_CODINGS);
      assert.ok(chosen === undefined || FILE_CODINGS.includes(chosen));
    }
    for (const part of [',', ';', 'gzip,', ' ', ';q=']) {
      assert.equal(chooseCoding(`${part.repeat(100_000)},br;q=1`, ['br']), 'br');
    }
  });
});

describe('the option', () => {
  test('is on from 1024 bytes unless given otherwise', () => {
    assert.deepEqual(resolveHttpCompression(undefined), { threshold: 1024, zlib: {} });
    assert.deepEqual(resolveHttpCompression(true), { threshold: 1024, zlib: {} });
    assert.equal(resolveHttpCompression(false), null);
    assert.deepEqual(resolveHttpCompression({ threshold: 0, level: 1 }), { threshold: 0, zlib: { level: 1 } });
    assert.deepEqual(resolveHttpCompression({ level: undefined }), { threshold: 1024, zlib: {} });
  });

  test('an answer is compressed from the threshold on, and never without a rule', () => {
    const rule = resolveHttpCompression({ threshold: 100 });
    assert.equal(codingOfAnswer(rule, 99, 'gzip', POLLING_CODINGS), undefined);
    assert.equal(codingOfAnswer(rule, 100, 'gzip', POLLING_CODINGS), 'gzip');
    assert.equal(codingOfAnswer(rule, 100, undefined, POLLING_CODINGS), undefined);
    assert.equal(codingOfAnswer(null, 100, 'gzip', POLLING_CODINGS), undefined);
  });

  test('nonsense is refused by name', () => {
    for (const option of [5, 'gzip', { threshold: -1 }, { threshold: '1' }, { level: 10 }, { windowBits: 9.5 }]) {
      assert.throws(() => resolveHttpCompression(option), { code: 'ERR_OPTION_INVALID' });
    }
    assert.throws(() => resolveHttpCompression({ treshold: 1 }), { code: 'ERR_OPTION_UNKNOWN', message: /treshold/ });
    assert.throws(() => resolveHttpCompression({ toString: 1 }), { code: 'ERR_OPTION_UNKNOWN' });
  });

  test('the rule can be sent to another thread', () => {
    const rule = resolveHttpCompression({ level: 3 });
    assert.deepEqual(structuredClone(rule), rule);
  });
});
