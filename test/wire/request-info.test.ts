/** Requests as records, header merging beside Node's own, and queries. */
import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { parse } from 'node:querystring';
import { describe, test } from 'node:test';
import {
  decodeRequestInfo,
  encodeRequestInfo,
  type Headers,
  mergeHeader,
  parseQuery,
  type RequestInfo,
} from '../../core/wire/request-info.ts';
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

describe('encoding of a request', () => {
  test('what is decoded equals what was encoded, in every combination of flags', () => {
    for (const secure of [false, true]) {
      for (const base64 of [false, true]) {
        for (const revision of [3, 4] as const) {
          const info = sample({ secure, base64, revision });
          assert.deepEqual(decodeRequestInfo(encodeRequestInfo(info)), info);
        }
      }
    }
    const { port: _, ...unknownPort } = sample();
    assert.deepEqual(decodeRequestInfo(encodeRequestInfo(unknownPort)), unknownPort);
  });

  test('each encoding stands alone and in memory of its own', () => {
    const first = encodeRequestInfo(sample());
    const copy = first.slice();
    const second = encodeRequestInfo(sample({ url: '/other' }));
    assert.deepEqual(first, copy);
    assert.equal(first.byteLength, first.buffer.byteLength);
    assert.equal(decodeRequestInfo(second).url, '/other');
    assert.equal(decodeRequestInfo(first).url, sample().url);
  });

  test('a record in shared memory is decoded into a copy that outlives it', () => {
    const encoded = encodeRequestInfo(sample());
    const shared = new Uint8Array(new SharedArrayBuffer(encoded.length + 8)).subarray(4, 4 + encoded.length);
    shared.set(encoded);
    const info = decodeRequestInfo(shared);
    shared.fill(0xff);
    assert.deepEqual(info, sample());
  });

  test('a header named __proto__ is an ordinary entry and changes no prototype', () => {
    const headers: Headers = {};
    mergeHeader(headers, '__proto__', 'x');
    mergeHeader(headers, 'Constructor', 'y');
    const decoded = decodeRequestInfo(encodeRequestInfo(sample({ headers }))).headers;
    assert.deepEqual(Object.entries(decoded), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    assert.equal(Object.getPrototypeOf(decoded), Object.prototype);
    assert.equal(Object.getPrototypeOf({}), Object.prototype);
  });

  test('bytes that are no request are refused with a RangeError and nothing else', () => {
    const random = new Random();
    const valid = encodeRequestInfo(sample({ headers: { host: 'x', cookie: 'io=1', 'set-cookie': ['a'] } }));
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
        const info = decodeRequestInfo(bytes);
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
    assert.deepEqual(decodeRequestInfo(encodeRequestInfo(sample())), sample(), 'still works after all those');
  });
});

describe('merging of headers', () => {
  /** Node's own merge: not public, but the definition of what applications are used to. */
  const nodeMerge = (lines: readonly [string, string][]): Headers => {
    const message = new IncomingMessage(new Socket()) as IncomingMessage & {
      _addHeaderLine(name: string, value: string, into: Headers): void;
    };
    const headers: Headers = {};
    for (const [name, value] of lines) message._addHeaderLine(name, value, headers);
    return headers;
  };

  test('random header lines are merged as Node merges them', () => {
    const random = new Random();
    const names = (
      'Age Authorization Content-Length Content-Type ETag Expires From Host If-Modified-Since If-Unmodified-Since ' +
      'Last-Modified Location Max-Forwards Proxy-Authorization Referer Retry-After Server User-Agent Set-Cookie Cookie ' +
      'Accept Accept-Encoding Origin X-Forwarded-For Vary Date X-A'
    ).split(' ');
    for (let round = 0; round < 500; round++) {
      const few = Array.from({ length: 4 }, () => random.pick(names));
      const lines = Array.from({ length: random.below(12) }, (): [string, string] => {
        const name = random.pick(few);
        return [random.chance(0.5) ? name.toLowerCase() : name, random.chance(0.1) ? '' : `v${random.below(5)}`];
      });
      const ours: Headers = {};
      for (const [name, value] of lines) mergeHeader(ours, name, value);
      assert.deepEqual(ours, nodeMerge(lines), JSON.stringify(lines));
    }
  });

  test('names of inherited properties begin empty, with and without a prototype', () => {
    for (const headers of [{}, Object.create(null)] as Headers[]) {
      for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
        mergeHeader(headers, name, 'a');
        mergeHeader(headers, name, 'b');
        assert.equal(Object.getOwnPropertyDescriptor(headers, name.toLowerCase())?.value, 'a, b');
      }
    }
  });
});

describe('query of a url', () => {
  test('queries are read as querystring reads them', () => {
    for (const query of ['', 'a=1', 'a=1&a=2&b', 'EIO=4&t=%20x+y', 'a=%E2%82%AC&b=%zz', '=&&=', 'a?b=c', 'a=1?b=2']) {
      assert.deepEqual(parseQuery(`/socket.io/?${query}`), { ...parse(query) }, query);
    }
  });

  test('a url without query gives an empty record, and a fragment belongs to no query', () => {
    assert.deepEqual(Object.keys(parseQuery('/socket.io/')), []);
    assert.deepEqual(Object.keys(parseQuery('/socket.io/#?a=1')), []);
    assert.deepEqual({ ...parseQuery('/socket.io/?a=1#b?c=2') }, { a: '1' });
  });

  test('a parameter named __proto__ is an ordinary entry', () => {
    const query = parseQuery('/?__proto__=x&toString=y');
    assert.deepEqual(Object.keys(query), ['__proto__', 'toString']);
    assert.deepEqual(Object.values(query), ['x', 'y']);
    for (const each of [query, parseQuery('/')]) assert.equal(Object.getPrototypeOf(each), Object.prototype);
  });
});
