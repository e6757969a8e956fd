/** Messages for tests of transports: every kind of content, told by number. Test processes run it. */

/** Message `i` of a series: short text, text over every threshold, binary, and a mix. */
export function content(i: number): unknown {
  if (i % 4 === 0) return `é漢😀 ${i}`;
  if (i % 4 === 1) return 'x'.repeat(3000 + i);
  if (i % 4 === 2) return Buffer.alloc((i + 1) * 100, i);
  return { i, parts: [Buffer.from([i]), 'text', null] };
}
