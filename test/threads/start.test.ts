/** Threads that cannot start. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Program } from './run-program.ts';

it('without uWebSockets.js for this machine the constructor throws at once and says why', async () => {
  const preload = fileURLToPath(new URL('programs/without-uws.cjs', import.meta.url));
  const { code, stderr } = await new Program('serve', { NODE_OPTIONS: `--require=${preload}` }).ended;
  assert.equal(code, 1);
  assert.match(stderr, /ERR_THREAD_START/);
  assert.match(stderr, /I\/O thread 0 could not start: .*no binary for this version/s);
  assert.match(stderr, /programs.host\.ts/);
});

it('without a loopback address the constructor throws at once and says why', async () => {
  const preload = fileURLToPath(new URL('programs/without-loopback.cjs', import.meta.url));
  const { code, stderr } = await new Program('serve', { NODE_OPTIONS: `--require=${preload}` }).ended;
  assert.equal(code, 1);
  assert.match(stderr, /ERR_THREAD_START/);
  assert.match(stderr, /I\/O thread 0 could not start: .*ENETUNREACH 127\.0\.0\.1/s);
});
