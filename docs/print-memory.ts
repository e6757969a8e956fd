/**
 * Prints docs/memory.md from the layout table: `node --import tsx docs/print-memory.ts`. A test compares the committed
 * page with what this returns; nothing is written by hand.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  CACHE_LINE_BYTES,
  COUNTER_NAMES,
  LAYOUT_VERSION,
  MAX_RECORD_FRACTION,
  REGIONS,
  UNIT_BYTES,
} from '../core/shm/layout.ts';

const PAGE = new URL('./memory.md', import.meta.url);

const INTRODUCTION = `# Shared memory

Printed by \`docs/print-memory.ts\` from the table in \`core/shm/layout.ts\`, layout version ${LAYOUT_VERSION}. Do not edit.

Rings and the log hold their data first, a power of two bytes, then the trailer below; the control region is words only.
Offsets are bytes from the start of the trailer or region, sizes are 32-bit words. Words that are written independently
start on a fresh pair of ${CACHE_LINE_BYTES}-byte cache lines. Positions count units of ${UNIT_BYTES} bytes, only grow, and wrap at 2^32. A record takes
at most 1/${MAX_RECORD_FRACTION} of its ring or log; a larger payload travels in a region of its own.

Every region begins its words with a header (magic, layout version, kind, capacity) that each thread checks when it
attaches; a mismatch is \`ERR_LAYOUT_MISMATCH\`.
`;

/** The page as text. */
export function renderMemory(): string {
  const tables = REGIONS.map(({ name, fields }) => {
    const rows = fields.map(
      ({ name: field, offset, words, writtenBy, readBy }) =>
        `| ${offset} | ${words} | ${field} | ${writtenBy} | ${readBy} |`,
    );
    return [
      `## ${name}`,
      '',
      '| offset | words | field | written by | read by |',
      '|---:|---:|---|---|---|',
      ...rows,
      '',
    ];
  });
  const counters = ['## Words of a counters block', '', ...COUNTER_NAMES.map((name, i) => `${i}. ${name}`), ''];
  return [INTRODUCTION, ...tables.flat(), ...counters].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, renderMemory());
