/**
 * Every element of the documented API has a test under its number, or a reason in docs/compatibility.md.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ELEMENTS = 107;

/** Numbers before the first colon of a test's name: `44: …` or `29, 30: …`. */
const TEST_NAME = /\b(?:it|test)\(\s*[`'"]([\d, ]+): /g;
/** Numbers that begin the first cell of a table row: `| 44, 45 …`. */
const TABLE_ROW = /^\| ([\d, ]*\d)\b/gm;

function numbersIn(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].flatMap(([, list]) => list.split(',').map(Number));
}

function testFiles(): string[] {
  const files: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith('.test.ts')) files.push(path);
    }
  };
  walk(join(ROOT, 'test'));
  return files;
}

describe('the documented elements', () => {
  const tested = testFiles().flatMap((file) => numbersIn(readFileSync(file, 'utf8'), TEST_NAME));
  const compatibility = readFileSync(join(ROOT, 'docs/compatibility.md'), 'utf8');
  const [, section = ''] = compatibility.split(/^## API$/m);
  const explained = numbersIn(section.split(/^## /m)[0], TABLE_ROW);

  it('are all tested or explained', () => {
    const known = new Set([...tested, ...explained]);
    const missing = Array.from({ length: ELEMENTS }, (_, i) => i + 1).filter((number) => !known.has(number));
    assert.deepEqual(missing, []);
  });

  it('have numbers that exist', () => {
    for (const number of [...tested, ...explained]) {
      assert.ok(number >= 1 && number <= ELEMENTS, `there is no element ${number}`);
    }
  });
});
