/** What the browser tests do without a browser: skipped where there can be none, failed where nobody would notice. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { skipReason } from '../support/chromium-path.ts';

describe('tests that need a browser', () => {
  it('run where there is one', () => {
    for (const ci of [true, false]) assert.equal(skipReason({ path: '/usr/bin/chromium' }, ci), false);
  });

  it('say why they are skipped where none can be installed', () => {
    for (const ci of [true, false]) assert.equal(skipReason({ impossible: 'no apt' }, ci), 'no apt');
  });

  it('are skipped after a failed installation, but fail in CI', () => {
    assert.equal(skipReason({ failed: 'no network' }, false), 'no network');
    assert.throws(() => skipReason({ failed: 'no network' }, true), /cannot run: no network$/);
  });
});
