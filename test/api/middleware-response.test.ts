/**
 * What Connect-style middleware may do with its response.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { EngineRequest } from '../../core/api/handshake-request.ts';
import { MiddlewareResponse } from '../../core/api/middleware-response.ts';

const request = new EngineRequest({
  method: 'GET',
  url: '/socket.io/',
  headers: {},
  address: '127.0.0.1',
  secure: false,
  revision: 4,
  base64: false,
});

describe('the response of middleware', () => {
  it('is one of Node, with the request', () => {
    const response = new MiddlewareResponse(request);
    assert.ok(response instanceof ServerResponse);
    assert.equal(response.req, request as unknown);
    assert.equal(response.headersSent, false);
    assert.equal(response.writableEnded, false);
  });

  for (const [name, given] of [
    ['an object', { 'X-A': 'new', 'Set-Cookie': ['c=1', 'd=2'], 'X-Number': 5 }],
    [
      'pairs',
      [
        ['X-A', 'new'],
        ['Set-Cookie', 'c=1'],
        ['Set-Cookie', 'd=2'],
        ['X-Number', 5],
      ],
    ],
    ['names and values', ['X-A', 'new', 'Set-Cookie', 'c=1', 'Set-Cookie', 'd=2', 'X-Number', 5]],
  ] as const) {
    for (const message of [[], ['Slow Down']]) {
      it(`keeps headers given to writeHead as ${name}${message.length > 0 ? ', after a message' : ''}`, () => {
        for (const before of [{}, { 'x-a': 'old', 'X-B': 'kept' }]) {
          const response = new MiddlewareResponse(request);
          for (const [each, value] of Object.entries(before)) response.setHeader(each, value);
          assert.equal(response.writeHead(429, ...message, given), response);
          assert.equal(response.statusCode, 429);
          assert.equal(response.headersSent, true);
          const kept = 'X-B' in before ? [['X-B', 'kept']] : [];
          const rest = [
            ['X-A', 'new'],
            ['Set-Cookie', 'c=1'],
            ['Set-Cookie', 'd=2'],
            ['X-Number', '5'],
          ];
          assert.deepEqual(response.headerList, [...kept, ...rest]);
        }
      });
    }
  }

  it('refuses headers once they are due, and those that break their line', () => {
    const response = new MiddlewareResponse(request);
    assert.throws(() => response.writeHead(200, { 'X-A': 'a\r\nX-B: b' }), TypeError);
    assert.throws(() => response.writeHead(200, { 'X-A: b\r\nX': 'a' }), TypeError);
    response.write('a');
    assert.throws(() => response.setHeader('X-A', 'a'), { code: 'ERR_HTTP_HEADERS_SENT' });
    assert.throws(() => response.writeHead(200), { code: 'ERR_HTTP_HEADERS_SENT' });
  });

  it('keeps the body, in texts of any encoding and bytes that cut a character', () => {
    const response = new MiddlewareResponse(request);
    response.write('Zg==', 'base64');
    response.write(Buffer.from('é').subarray(0, 1));
    response.write(Buffer.from('é').subarray(1));
    response.end('74e9', 'hex');
    assert.deepEqual(Buffer.from(response.body), Buffer.from('fét\ufffd'));
  });

  it('ends once, tells so, and calls back', async () => {
    const steps: string[] = [];
    const response = new MiddlewareResponse(request);
    response.onEnd = () => steps.push('ended');
    response.on('finish', () => steps.push('finish'));
    response.write('a', () => steps.push('written'));
    response.end('b', () => steps.push('called back'));
    response.end('c');
    assert.equal(response.writableEnded, true);
    assert.deepEqual(steps, ['ended']);
    await once(response, 'close');
    assert.deepEqual(steps, ['ended', 'written', 'finish', 'called back']);
    assert.equal(response.body, 'ab');
  });

  it('calls what middleware put in the place of writeHead, with every way to end', () => {
    for (const end of [
      (response: MiddlewareResponse) => response.end(),
      (response: MiddlewareResponse) => response.end('a'),
      (response: MiddlewareResponse) => response.write('a'),
      (response: MiddlewareResponse) => response.flushHeaders(),
    ]) {
      const response = new MiddlewareResponse(request);
      const { writeHead } = response;
      response.writeHead = (status, ...rest) => {
        response.setHeader('X-Due', 'now');
        return writeHead.call(response, status, ...rest);
      };
      end(response);
      assert.deepEqual(response.headerList, [['X-Due', 'now']]);
    }
  });
});
