/** The table of error codes and its page in docs/. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { EngineError, ERROR_CODES, type ErrorCode } from '../core/errors.ts';

const PAGE = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

describe('error codes', () => {
  it('are listed in docs/errors.md with the same meanings, in the same order, and no others', () => {
    const rows = [...PAGE.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, code, meaning]) => [code, meaning]);
    assert.deepEqual(rows, Object.entries(ERROR_CODES));
  });

  it('have one form, and a meaning that is a sentence', () => {
    for (const code of CODES) {
      assert.match(code, /^ERR(_[A-Z]+)+$/);
      assert.match(ERROR_CODES[code], /^[A-Z].*\.$/);
    }
  });

  it('stand on the error with name, message and cause', () => {
    const cause = new Error('below');
    for (const code of CODES) {
      const error = new EngineError(code, 'met 1, expected 2', { cause });
      assert.ok(error instanceof Error);
      assert.equal(error.code, code);
      assert.equal(error.name, 'EngineError');
      assert.equal(error.message, 'met 1, expected 2');
      assert.equal(error.cause, cause);
    }
  });
});
