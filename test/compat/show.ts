/**
 * Values from a client as short comparable text: kinds that JSON would hide stay visible. Server processes run it.
 */
const MAX_LENGTH = 80;
const MAX_DEPTH = 6;

/** Never recurses deeper than it shows: the value may be nested without bound. */
export function show(value: unknown, depth = 0): string {
  if (typeof value === 'function') return '<ack>';
  if (typeof value === 'string') return value.length > MAX_LENGTH ? `<text of ${value.length}>` : JSON.stringify(value);
  if (ArrayBuffer.isView(value)) {
    return `<bytes ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}>`;
  }
  if (value === null || typeof value !== 'object') return String(value);
  if (depth >= MAX_DEPTH) return '<deep>';
  if (Array.isArray(value)) {
    if (value.length > MAX_LENGTH) return `<list of ${value.length}>`;
    return `[${value.map((item) => show(item, depth + 1)).join(',')}]`;
  }
  const entries = Object.entries(value).map(([key, part]) => `${key}:${show(part, depth + 1)}`);
  return `{${entries.join(',')}}`;
}
