/** The two tables of disconnect reasons, walked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as reasons from '../../core/session/reasons.ts';
import {
  DISCONNECT_DESCRIPTIONS,
  DISCONNECT_REASONS,
  describeReason,
  reasonCode,
  reasonText,
} from '../../core/session/reasons.ts';

/** The names of the numbers under a prefix, in the order of the numbers. */
function names(prefix: string): string[] {
  const found = Object.entries<unknown>({ ...reasons }).filter(([name]) => name.startsWith(prefix));
  found.sort(([, a], [, b]) => Number(a) - Number(b));
  return found.map(([name, code], index) => {
    assert.equal(code, index, `${name} is the next free number`);
    return name;
  });
}

test('every reason has a number whose name says the same as its string', () => {
  const expected = DISCONNECT_REASONS.map((text) => `REASON_${text.toUpperCase().replaceAll(' ', '_')}`);
  assert.deepEqual(names('REASON_'), expected);
  DISCONNECT_REASONS.forEach((text, code) => {
    assert.equal(reasonText(code), text);
    assert.equal(reasonCode(text), code);
  });
});

test('a number outside of the table is refused, a string outside of it has no number', () => {
  for (const code of [-1, DISCONNECT_REASONS.length, 0.5]) assert.throws(() => reasonText(code), RangeError);
  for (const text of ['', 'Transport close', 'constructor']) assert.equal(reasonCode(text), -1);
});

test('every description but the empty one becomes an error with its text', () => {
  assert.equal(names('DESCRIPTION_').length, DISCONNECT_DESCRIPTIONS.length);
  assert.equal(describeReason(reasons.DESCRIPTION_NONE), undefined);
  DISCONNECT_DESCRIPTIONS.forEach((text, code) => {
    if (code === reasons.DESCRIPTION_NONE) return;
    const error = describeReason(code);
    assert.ok(error instanceof Error && text.length > 0);
    assert.equal(error.message, text);
    assert.notEqual(describeReason(code), error, 'each listener call gets its own');
  });
  assert.equal(describeReason(reasons.DESCRIPTION_INVALID_HEARTBEAT)?.message, 'invalid heartbeat direction');
  assert.equal(String(describeReason(reasons.DESCRIPTION_MAX_PAYLOAD)), 'RangeError: Max payload size exceeded');
  assert.throws(() => describeReason(DISCONNECT_DESCRIPTIONS.length), RangeError);
});
