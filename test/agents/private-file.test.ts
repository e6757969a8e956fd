/** Secrets for the threads: readable by this process while it lives, with a name only where the system needs one. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { makePrivateFile } from '../../core/agents/private-file.ts';

const skip = existsSync('/proc/self/fd') ? false : 'this system has no /proc/self/fd';

const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('broadside-tls-'));

describe('a private file', () => {
  it('can be read again and again, by any thread, and has no name', { skip }, async () => {
    const before = folders();
    const file = makePrivateFile('secret');
    try {
      assert.deepEqual(folders(), before);
      for (let time = 0; time < 2; time++) assert.equal(readFileSync(file.path, 'utf8'), 'secret');
      const worker = new Worker(
        `const { parentPort, workerData } = require('node:worker_threads');
         parentPort.postMessage(require('node:fs').readFileSync(workerData, 'utf8'));`,
        { eval: true, workerData: file.path },
      );
      const read = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      assert.equal(read, 'secret');
    } finally {
      file.remove();
    }
    assert.equal(existsSync(file.path), false);
    file.remove(); // the number may be another file's by now
  });

  it('takes bytes, and is closed only once', { skip }, () => {
    const first = makePrivateFile(Buffer.from([1, 2, 3]));
    assert.deepEqual([...readFileSync(first.path)], [1, 2, 3]);
    first.remove();
    const second = makePrivateFile('of the same number');
    assert.equal(second.path, first.path);
    first.remove();
    assert.equal(readFileSync(second.path, 'utf8'), 'of the same number');
    second.remove();
  });

  it('leaves nothing behind when it cannot be written', { skip }, () => {
    const before = [...folders(), ...readdirSync('/proc/self/fd')];
    for (const place of ['/proc/self/fd', join(tmpdir(), 'no such folder')]) {
      assert.throws(() => makePrivateFile(5 as never, place), TypeError);
    }
    assert.deepEqual([...folders(), ...readdirSync('/proc/self/fd')], before);
  });

  it('keeps a name in a private folder where open files have none', () => {
    const file = makePrivateFile('secret', join(tmpdir(), 'no such folder'));
    const folder = dirname(file.path);
    assert.equal(readFileSync(file.path, 'utf8'), 'secret');
    assert.equal(statSync(file.path).mode & 0o777, 0o600);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    file.remove();
    assert.equal(existsSync(folder), false);
  });
});
