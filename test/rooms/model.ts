/**
 * The room index as a Map of Sets: what `RoomIndex` and `TargetSet` are compared with.
 */
import assert from 'node:assert/strict';
import { listBits } from '../../core/rooms/bitset.ts';
import type { RoomIndex } from '../../core/rooms/room-index.ts';

export class ModelIndex {
  readonly #rows = new Map<number, Set<number>>();

  members(row: number): ReadonlySet<number> {
    return this.#rows.get(row) ?? new Set();
  }

  add(row: number, slot: number): boolean {
    const members = this.#rows.get(row) ?? new Set();
    this.#rows.set(row, members);
    if (members.has(slot)) return false;
    members.add(slot);
    return true;
  }

  remove(row: number, slot: number): boolean {
    return this.#rows.get(row)?.delete(slot) ?? false;
  }

  removeSlot(slot: number): void {
    for (const members of this.#rows.values()) members.delete(slot);
  }

  free(row: number): void {
    this.#rows.delete(row);
  }

  resolve(rows: number[], slots: number[], exceptRows: number[], exceptSlots: number[]): number[] {
    const targets = new Set(slots.filter((slot) => slot >= 0));
    for (const row of rows) for (const slot of this.members(row)) targets.add(slot);
    for (const row of exceptRows) for (const slot of this.members(row)) targets.delete(slot);
    for (const slot of exceptSlots) targets.delete(slot);
    return [...targets].sort((a, b) => a - b);
  }
}

/** Compares every row, members and cardinality, in whichever form it is. */
export function assertIndex(index: RoomIndex, model: ModelIndex, rows: number): void {
  for (let number = 0; number < rows; number++) {
    const expected = [...model.members(number)].sort((a, b) => a - b);
    assert.equal(index.cardinality(number), expected.length);
    const row = index.row(number);
    if (row === undefined) continue;
    const found = new Uint32Array(expected.length);
    if (row.dense) listBits(row.words, row.loWord, row.hiWord, found);
    else found.set(row.words.subarray(row.start, row.start + row.cardinality));
    assert.deepEqual(found, Uint32Array.from(expected));
  }
}
