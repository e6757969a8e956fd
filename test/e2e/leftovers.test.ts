/**
 * Whatever way a process served and however it ends, it ends by itself and leaves nothing in the temporary folder.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { assertEnding, Program } from '../threads/run-program.ts';

describe('a process that served by every way in', () => {
  for (const [how, code] of [
    ['close', 0],
    ['exit', 0],
    ['throw', 1],
  ] as const) {
    it(`leaves no folder, socket or key behind: ${how}`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'leftovers-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const program = new Program('every-way', { TMPDIR: folder }, [how]);
      assert.equal(await program.said('answers'), '200,200');
      assertEnding(await program.ended, code);
      const left = readdirSync(folder).filter((name) => name.startsWith('broadside-'));
      assert.deepEqual(left, []);
    });
  }
});
