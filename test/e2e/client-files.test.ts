/**
 * The browser client as it is served under the engine's path, by every way in.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { openWay, type Way } from '../support/ways.ts';

const require = createRequire(import.meta.url);
const manifest = require.resolve('socket.io-client/package.json');
const { version } = require(manifest) as { version: string };
const fileBytes = (name: string): Buffer => readFileSync(join(dirname(manifest), 'dist', name));

const decoders: Record<string, (bytes: Buffer) => Buffer> = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
  deflate: inflateSync,
};

interface Answer {
  readonly status: number | undefined;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

async function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const req = request(url, { headers, method, agent: false }).end();
  return new Promise((resolve, reject) => {
    req.on('error', reject);
    req.on('response', async (res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of res) chunks.push(chunk as Buffer);
      resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(chunks) });
    });
  });
}

for (const way of ['port', 'port with an application', 'http'] satisfies Way[]) {
  describe(`the client’s files by way of ${way}`, () => {
    it('20: every bundle is there with its map, by any method, and nothing else', async (t) => {
      const { url } = await openWay(t, way, { ioThreads: 1 });
      for (const bundle of ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js']) {
        for (const name of [bundle, `${bundle}.map`]) {
          const answer = await ask(`${url}/socket.io/${name}`);
          assert.equal(answer.status, 200, name);
          assert.ok(answer.body.equals(fileBytes(name)), name);
          const type = name.endsWith('.map') ? 'application/json' : 'application/javascript';
          assert.equal(answer.headers['content-type'], `${type}; charset=utf-8`);
          assert.equal(answer.headers.etag, `"${version}"`);
          assert.equal(answer.headers['cache-control'], 'public, max-age=0');
          assert.equal(answer.headers['content-encoding'], undefined);
        }
      }
      const head = await ask(`${url}/socket.io/socket.io.js`, {}, 'HEAD');
      assert.deepEqual([head.status, head.body.length], [200, 0]);
      assert.equal(head.headers['content-length'], String(fileBytes('socket.io.js').length));
      assert.equal((await ask(`${url}/socket.io/socket.io.js`, {}, 'POST')).status, 200);
      for (const name of ['socket.io.jsx', 'socket.io.slim.js', 'index.js', '../package.json', '%2e%2e/package.json']) {
        assert.notEqual((await ask(`${url}/socket.io/${name}`)).status, 200, name);
      }
    });

    it('20: who has it is told so, by a strong or weak tag', async (t) => {
      const { url } = await openWay(t, way, { ioThreads: 1 });
      for (const tag of [`"${version}"`, `W/"${version}"`]) {
        const { status, body } = await ask(`${url}/socket.io/socket.io.js`, { 'If-None-Match': tag });
        assert.deepEqual([status, body.length], [304, 0]);
      }
      for (const tag of ['"0.0.0"', version]) {
        assert.equal((await ask(`${url}/socket.io/socket.io.js`, { 'If-None-Match': tag })).status, 200);
      }
    });

    it('20: it comes compressed as the client likes best', async (t) => {
      const { url } = await openWay(t, way, { ioThreads: 1 });
      const plain = fileBytes('socket.io.js');
      for (const [accept, coding] of [
        ['gzip, deflate, br', 'gzip'],
        ['br;q=1, gzip;q=0.5', 'br'],
        ['deflate', 'deflate'],
        ['gzip;q=0, identity', undefined],
      ] as const) {
        const { headers, body } = await ask(`${url}/socket.io/socket.io.js`, { 'Accept-Encoding': accept });
        assert.equal(headers['content-encoding'], coding, accept);
        assert.match(String(headers.vary), /Accept-Encoding/i);
        assert.ok((coding === undefined ? body : decoders[coding](body)).equals(plain));
        const head = await ask(`${url}/socket.io/socket.io.js`, { 'Accept-Encoding': accept }, 'HEAD');
        assert.equal(head.headers['content-length'], String(body.length));
      }
    });

    it('19: serveClient: false leaves the name to the engine, which refuses it', async (t) => {
      const { url } = await openWay(t, way, { ioThreads: 1, serveClient: false });
      const { status, body } = await ask(`${url}/socket.io/socket.io.js`);
      assert.equal(status, 400);
      assert.equal(String(body), '{"code":0,"message":"Transport unknown"}');
    });

    it('20, 21: it lies under the path of the server, with the CORS headers of the engine', async (t) => {
      const { url } = await openWay(t, way, { ioThreads: 1, path: '/my/path/', cors: { origin: 'http://a.example' } });
      const { status, headers } = await ask(`${url}/my/path/socket.io.js`, { Origin: 'http://a.example' });
      assert.equal(status, 200);
      assert.equal(headers['access-control-allow-origin'], 'http://a.example');
      assert.equal((await ask(`${url}/socket.io/socket.io.js`)).status, 404);
    });
  });
}
