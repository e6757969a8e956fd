/**
 * Binary values made comparable: clients and servers hand out Buffer, ArrayBuffer or views of either.
 * Test processes run it.
 */

/** A copy of `value` where every binary leaf is a Buffer. */
export function withBuffers(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(withBuffers);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withBuffers(part)]));
}
