/** JSONP: the script around a payload and the form that carries one, beside engine.io's own transport. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { stringify } from 'node:querystring';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { decodeJsonpBody, encodeJsonp, jsonpIndex } from '../../core/wire/jsonp.ts';
import { Random } from '../support/random.ts';

const require = createRequire(import.meta.url);
const { JSONP } = require(join(dirname(require.resolve('engine.io')), 'transports/polling-jsonp.js'));

/** What the reference hands to its payload decoder; undefined when it ignores the body. */
function oracleDecode(body: Uint8Array): string | undefined {
  let payload: string | undefined;
  const transport = Object.assign(Object.create(JSONP.prototype), {
    protocol: 3,
    parser: {
      decodePayload: (data: string) => {
        payload = data;
      },
    },
  });
  JSONP.prototype.onData.call(transport, Buffer.from(body).toString());
  return payload;
}

/** What a 2.x client posts for a payload. */
function form(payload: string): Buffer {
  return Buffer.from(stringify({ d: payload.replace(/\\n/g, '\\\\n').replace(/\n/g, '\\n') }));
}

function randomText(random: Random, alphabet: readonly string[], most: number): string {
  return Array.from({ length: random.below(most) }, () => random.pick(alphabet)).join('');
}

describe('the index', () => {
  test('is the digits of `j`', () => {
    assert.equal(jsonpIndex('12'), '12');
    assert.equal(jsonpIndex('alert(1)//'), '1');
    assert.equal(jsonpIndex(''), '');
    assert.equal(jsonpIndex('٣'), '');
  });

  test('is missing when `j` is missing or repeated', () => {
    assert.equal(jsonpIndex(undefined), undefined);
    assert.equal(jsonpIndex(['1', '2']), undefined);
  });
});

describe('the script', () => {
  test('calls the page back with the payload as a string', () => {
    assert.equal(encodeJsonp('3', Buffer.from('2:4"')).toString(), '___eio[3]("2:4\\"");');
  });

  test('holds no bare line separator and runs to the same text', () => {
    const random = new Random();
    for (let round = 0; round < 200; round++) {
      const payload = randomText(
        random,
        ['a', '"', '\\', '\n', '\r', '\u2028', '\u2029', '\u0000', '€', '😀', '</script>'],
        20,
      );
      const script = encodeJsonp('0', Buffer.from(payload)).toString();
      assert.doesNotMatch(script, /[\u2028\u2029\r\n]/);
      const received: string[] = [];
      runInNewContext(script, { ___eio: [(text: string) => received.push(text)] });
      assert.deepEqual(received, [payload]);
    }
  });

  test('reads a payload in shared memory', () => {
    const memory = new Uint8Array(new SharedArrayBuffer(8)).subarray(2, 5);
    memory.set(Buffer.from('1:6'));
    assert.equal(encodeJsonp('0', memory).toString(), '___eio[0]("1:6");');
  });
});

describe('the form', () => {
  test('gives back what a client put in, newlines and backslashes too', () => {
    const random = new Random();
    for (let round = 0; round < 500; round++) {
      const payload = randomText(random, ['a', 'n', '\\n', '\n', ':', '&', '=', '+', '%', ' ', '€', '😀'], 20);
      assert.equal(decodeJsonpBody(form(payload))?.toString(), payload);
    }
  });

  for (const body of ['', 'x=1', 'd', 'd=a&d=b', '__proto__=1', '&&&&', '=d']) {
    test(`${JSON.stringify(body)} is read as the reference reads it`, () => {
      assert.equal(decodeJsonpBody(Buffer.from(body))?.toString(), oracleDecode(Buffer.from(body)));
    });
  }

  test('without a field `d`, or with several, the body is ignored', () => {
    for (const body of ['', 'x=1', 'd=a&d=b', 'D=a']) assert.equal(decodeJsonpBody(Buffer.from(body)), undefined);
  });

  test('a field after the first thousand is not looked at', () => {
    assert.equal(decodeJsonpBody(Buffer.from(`${'x=1&'.repeat(999)}d=a`))?.toString(), 'a');
    assert.equal(decodeJsonpBody(Buffer.from(`${'x=1&'.repeat(1000)}d=a`)), undefined);
  });

  test('random bodies are read as the reference reads them', () => {
    const random = new Random();
    const alphabet = [
      'd=',
      'd=',
      '&',
      '%',
      '%5C',
      '%5',
      '\\',
      '\\',
      'n',
      'n',
      '%0A',
      '+',
      'é',
      '%C3',
      '%ff',
      '😀',
      '=',
    ];
    for (let round = 0; round < 3000; round++) {
      const prefix = random.chance(0.7) ? 'd=' : '';
      const body = Buffer.from(prefix + randomText(random, alphabet, 20));
      if (random.chance(0.3) && body.length > 0) body[random.below(body.length)] = random.below(256);
      assert.equal(decodeJsonpBody(body)?.toString(), oracleDecode(body), body.toString('hex'));
    }
  });

  test('a megabyte of backslashes, percent signs or fields is read to its end', () => {
    assert.equal(decodeJsonpBody(Buffer.from(`d=${'\\'.repeat(1_000_000)}n`))?.length, 1_000_000);
    assert.equal(decodeJsonpBody(Buffer.from(`d=${'%'.repeat(1_000_000)}`))?.length, 1_000_000);
    assert.equal(decodeJsonpBody(Buffer.from('d=&'.repeat(333_333))), undefined);
  });
});
