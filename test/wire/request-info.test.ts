/** Header merging beside Node's own, and queries. */
import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { parse } from 'node:querystring';
import { describe, test } from 'node:test';
import { type Headers, mergeHeader, parseQuery } from '../../core/wire/request-info.ts';
import { Random } from '../support/random.ts';

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
