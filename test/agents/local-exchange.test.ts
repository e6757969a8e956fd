/**
 * A request on this thread's own connection, on a response made by hand: what its owner hears when the client goes at an
 * inconvenient moment.
 */

import type { HttpResponse } from 'uWebSockets.js';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { LocalExchange } from '../../workers/local-exchange.ts';

function request() {
  const heard: string[] = [];
  let abort = (): void => {};
  let written: (body: Uint8Array) => void = () => {};
  const body = new Promise<Uint8Array>((resolve) => {
    written = resolve;
  });
  const res = {
    onAborted: (listener: () => void) => {
      abort = listener;
    },
    cork: (write: () => void) => write(),
    writeStatus: () => res,
    writeHeader: () => res,
    end: (bytes: Uint8Array) => written(bytes),
  };
  const exchange = new LocalExchange(res as unknown as HttpResponse, {
    compression: { threshold: 10, zlib: {} },
    acceptEncoding: 'gzip',
    onAbort: (action) => action(),
  });
  exchange.onAborted = () => heard.push('aborted');
  exchange.onLost = () => heard.push('lost');
  exchange.onWritten = () => heard.push('written');
  return { exchange, heard, body, abort: () => abort() };
}

const ANSWER = { status: 200, body: 'a'.repeat(100), compress: true };

describe('the owner of a request hears that', () => {
  it('its client has gone before the answer', () => {
    const { exchange, heard, abort } = request();
    abort();
    exchange.answer(ANSWER);
    assert.deepEqual(heard, ['aborted']);
  });

  it('its client has gone while the answer was being compressed', () => {
    const { exchange, heard, abort } = request();
    exchange.answer(ANSWER);
    assert.equal(exchange.open, false);
    abort();
    assert.deepEqual(heard, ['lost']);
  });

  it('the answer has been written, compressed or not', async () => {
    const compressed = request();
    compressed.exchange.answer(ANSWER);
    assert.deepEqual(compressed.heard, []);
    assert.equal(gunzipSync(await compressed.body).toString(), ANSWER.body);
    assert.deepEqual(compressed.heard, ['written']);
    const plain = request();
    plain.exchange.answer({ ...ANSWER, compress: false });
    assert.deepEqual(plain.heard, ['written']);
  });
});
