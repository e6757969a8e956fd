/**
 * The records of the stream benches and their checker: a number, then bytes that follow from it. Both threads; a record
 * that was lost, doubled, reordered or torn does not pass.
 */

export const RECORD_TYPE = 1;
const MIN_BYTES = 8;
const SPREAD_BYTES = 128;

/** Sizes vary, so that records end everywhere on the way round. */
export function recordBytes(number: number): number {
  return MIN_BYTES + ((Math.imul(number, 0x9e3779b1) >>> 8) % SPREAD_BYTES);
}

export function fillRecord(bytes: Buffer, offset: number, number: number): void {
  bytes.writeUInt32LE(number, offset);
  bytes.fill(number & 0xff, offset + 4, offset + recordBytes(number));
}

/** Throws when this is not record `number`. */
export function checkRecord(bytes: Buffer, offset: number, length: number, number: number): void {
  const intact =
    length === recordBytes(number) &&
    bytes.readUInt32LE(offset) === number &&
    bytes[offset + 4] === (number & 0xff) &&
    bytes[offset + length - 1] === (number & 0xff);
  if (!intact)
    throw new Error(`record ${number} arrived damaged: ${length} bytes, number ${bytes.readUInt32LE(offset)}`);
}
