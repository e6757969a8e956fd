/** Requests as records. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Headers, mergeHeader, type RequestInfo } from '../../core/wire/request-info.ts';
import { decodeRequest, encodeRequest, readRequestHead } from '../../core/wire/request-record.ts';
import { Random } from '../support/random.ts';

function sample(overrides: Partial<RequestInfo> = {}): RequestInfo {
  return {
    method: 'GET',
    url: '/socket.io/?EIO=4&transport=websocket',
    headers: { host: 'x', 'set-cookie': ['a=1', 'b=2'], 'x-long': 'é'.repeat(300) },
    address: '::ffff:127.0.0.1',
    port: 50123,
    secure: false,
    revision: 4,
    base64: false,
    ...overrides,
  };
}

/** As it crosses the threads. */
function carried(info: RequestInfo, polling = false): string {
  return Buffer.from(encodeRequest(info, polling)).toString('latin1');
}

describe('encoding of a request', () => {
  test('what is decoded equals what was encoded, in every combination of flags, with characters of any width', () => {
    const { host, 'set-cookie': cookies } = sample().headers;
    for (const headers of [sample().headers, { host, 'set-cookie': cookies, 'x-short': 'e' }]) {
      for (const secure of [false, true]) {
        for (const base64 of [false, true]) {
          for (const revision of [3, 4] as const) {
            const info = sample({ secure, base64, revision, headers });
            assert.deepEqual(decodeRequest(carried(info)), info);
          }
        }
      }
    }
    const { port: _, ...unknownPort } = sample();
    assert.deepEqual(decodeRequest(carried(unknownPort)), unknownPort);
  });

  test('the head tells what every session needs', () => {
    for (const revision of [3, 4] as const) {
      for (const polling of [false, true]) {
        const head = readRequestHead(carried(sample({ revision }), polling));
        assert.deepEqual(head, { address: sample().address, revision, polling, base64: sample().base64 });
      }
    }
  });

  test('values that thousands of clients send alike stay right, whatever else is sent', () => {
    for (let n = 0; n < 3000; n++) {
      const headers = { host: 'x', 'user-agent': `agent ${n % 1500}`, accept: 'y'.repeat(n % 600) };
      assert.deepEqual(decodeRequest(carried(sample({ headers }))).headers, headers);
    }
  });

  test('halves of a surrogate pair in two texts stay two, and become U+FFFD each', () => {
    const decoded = decodeRequest(carried(sample({ method: 'GET\ud83d', url: '\ude00/' })));
    assert.equal(decoded.method, 'GET\ufffd');
    assert.equal(decoded.url, '\ufffd/');
  });

  test('what has been carried over outlives the next encoding, however large', () => {
    const first = carried(sample());
    const large = sample({ url: `/${'x'.repeat(50_000)}` });
    assert.deepEqual(decodeRequest(carried(large)), large);
    assert.deepEqual(decodeRequest(first), sample());
  });

  test('a header named __proto__ is an ordinary entry and changes no prototype', () => {
    const headers: Headers = {};
    mergeHeader(headers, '__proto__', 'x');
    mergeHeader(headers, 'Constructor', 'y');
    const decoded = decodeRequest(carried(sample({ headers }))).headers;
    assert.deepEqual(Object.entries(decoded), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    assert.equal(Object.getPrototypeOf(decoded), Object.prototype);
    assert.equal(Object.getPrototypeOf({}), Object.prototype);
  });

  test('bytes that are no request are refused with a RangeError and nothing else', () => {
    const random = new Random();
    const valid = Buffer.from(
      carried(sample({ headers: { host: 'x', cookie: 'io=1', 'set-cookie': ['a'] } })),
      'latin1',
    );
    let refused = 0;
    for (let round = 0; round < 5000; round++) {
      let bytes: Uint8Array;
      if (random.chance(0.3)) {
        bytes = Uint8Array.from({ length: random.below(40) }, () => random.below(256));
      } else {
        bytes = valid.slice(0, random.chance(0.3) ? random.below(valid.length) : valid.length);
        for (let change = random.below(4); change > 0 && bytes.length > 0; change--) {
          bytes[random.below(bytes.length)] = random.below(256);
        }
      }
      try {
        const info = decodeRequest(Buffer.from(bytes).toString('latin1'));
        for (const text of [info.method, info.url, info.address, ...Object.keys(info.headers)]) {
          assert.equal(typeof text, 'string');
        }
        for (const value of Object.values(info.headers).flat()) assert.equal(typeof value, 'string');
        assert.ok(info.revision === 3 || info.revision === 4);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        refused++;
      }
    }
    assert.ok(refused > 1000, 'most inputs were damaged');
    assert.deepEqual(decodeRequest(carried(sample())), sample(), 'still works after all those');
  });
});
