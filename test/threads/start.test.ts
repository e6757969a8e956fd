/** Threads that start, and threads that cannot. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertEnding, Program } from './run-program.ts';

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

it("what the application loads beforehand runs in none of Broadside's threads", async () => {
  const preload = fileURLToPath(new URL('programs/preloaded.cjs', import.meta.url));
  const threadsOf = async (program: string): Promise<string[] | null> => {
    const ending = await new Program(program, {}, ['0'], ['--require', preload]).ended;
    assertEnding(ending, 0);
    return ending.stdout.match(/preloaded in \d+/g);
  };
  const without = await threadsOf('host'); // opens no Server: the main thread, and that of tsx
  assert.ok(without?.includes('preloaded in 0'));
  assert.deepEqual(await threadsOf('close'), without);
});
