/**
 * The browser client's files when the disk is at fault: a missing one is not found, any other trouble is reported.
 */

import { App, us_listen_socket_close, us_socket_local_port } from 'uWebSockets.js';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { ServerSpec } from '../../core/agents/segment.ts';
import { serveClientFiles } from '../../workers/client-files.ts';

/** A port that serves the files of a folder. */
function serveFolder(t: TestContext, folder: string): Promise<number> {
  const app = App();
  serveClientFiles(app, { path: '/socket.io', cors: null } as ServerSpec, { folder, version: '1' });
  return new Promise((resolve) => {
    app.listen(0, (socket) => {
      assert.ok(socket);
      t.after(() => us_listen_socket_close(socket));
      resolve(us_socket_local_port(socket));
    });
  });
}

describe('a file of the client', () => {
  it('that is missing is 404, one that cannot be read is 500 and a warning, and each is tried again', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'client-files-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const bundle = join(folder, 'socket.io.js');
    mkdirSync(bundle); // reading it is EISDIR
    const warnings: string[] = [];
    const listener = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', listener);
    t.after(() => process.removeListener('warning', listener));
    const port = await serveFolder(t, folder);
    const ask = async (name: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/socket.io/${name}`, { headers: { connection: 'close' } });
      return [response.status, await response.text()];
    };
    assert.deepEqual(await ask('socket.io.js.map'), [404, '']);
    assert.deepEqual(warnings, []);
    for (let i = 0; i < 2; i++) assert.deepEqual(await ask('socket.io.js'), [500, '']);
    assert.equal(warnings.length, 1, 'once, however often it is asked for');
    assert.match(warnings[0], /socket\.io\.js.*EISDIR/);
    rmSync(bundle, { recursive: true });
    writeFileSync(bundle, 'repaired');
    assert.deepEqual(await ask('socket.io.js'), [200, 'repaired']);
  });
});
