/**
 * Every element of the documented API has a test under its number, also where docs/compatibility.md says that Broadside
 * does something else: then the test says what.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { sourceFiles } from '../support/sources.ts';

const ELEMENTS = 107;

/** Numbers before the first colon of a test's name: `44: …` or `29, 30: …`. */
const TEST_NAME = /\b(?:it|test)\(\s*[`'"]([\d, ]+): /g;
/** The first cell of a table row that begins with numbers: `| 44, 45 …`. Those like 3.6 are sections, not elements. */
const TABLE_ROW = /^\| (\d[\d.]*(?:, \d[\d.]*)*) /gm;

function numbersIn(text: string, pattern: RegExp): number[] {
  const lists = [...text.matchAll(pattern)].flatMap(([, list]) => list.split(',').map((entry) => entry.trim()));
  return lists.filter((entry) => /^\d+$/.test(entry)).map(Number);
}

describe('the documented elements', () => {
  const tested = new Set(
    sourceFiles('test')
      .filter(({ path }) => path.endsWith('.test.ts'))
      .flatMap(({ code }) => numbersIn(code, TEST_NAME)),
  );

  it('are all tested', () => {
    const missing = Array.from({ length: ELEMENTS }, (_, i) => i + 1).filter((number) => !tested.has(number));
    assert.deepEqual(missing, []);
  });

  it('have numbers that exist, in tests and in the list of differences', () => {
    const compatibility = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8');
    const explained = numbersIn(compatibility.split(/^## API$/m)[1], TABLE_ROW);
    assert.ok(explained.includes(98), 'rows are read');
    for (const number of [...tested, ...explained]) {
      assert.ok(number >= 1 && number <= ELEMENTS, `there is no element ${number}`);
    }
  });
});
