/**
 * Room to members for the whole process: one row per (namespace, room), slots as members.
 * The coordinator's replica, changed at its place in the order; the app thread's mirror is the authority.
 */
import { nextSetBit } from './bitset.ts';
import { IntList } from './int-list.ts';
import { Row } from './row.ts';
import { SlotRows } from './slot-rows.ts';
import type { WordAllocator } from './word-allocator.ts';

export class RoomIndex {
  /** Slots there are in all; members are below that. */
  readonly slots: number;
  readonly #allocator: WordAllocator;
  /** By row number: the app thread issues small ones and reuses them, so the array stays compact. */
  readonly #rows: (Row | undefined)[] = [];
  readonly #slotRows: SlotRows;
  /** Rows of the slot that is being removed. */
  readonly #leaving = new IntList();
  #version = 0;

  /**
   * @param slots Slots there are in all, at least 1.
   * @param allocator Where rows live; the index frees every block it takes, at the latest in `free`.
   */
  constructor(slots: number, allocator: WordAllocator) {
    this.slots = slots;
    this.#allocator = allocator;
    this.#slotRows = new SlotRows(slots);
  }

  /** A number that changes with every change of any membership: equal versions, equal rows. */
  get version(): number {
    return this.#version;
  }

  /** The row as it is now, to be read at once; undefined when nobody joined it since it was freed. */
  row(row: number): Row | undefined {
    return this.#rows[row];
  }

  has(row: number, slot: number): boolean {
    return this.#rows[row]?.has(slot) ?? false;
  }

  cardinality(row: number): number {
    return this.#rows[row]?.cardinality ?? 0;
  }

  /**
   * Makes the slot a member; the row springs up with its first.
   * @returns True when it was not one yet.
   * @throws RangeError when there is no such slot: the count of members would be wrong from then on.
   */
  add(row: number, slot: number): boolean {
    if (slot >>> 0 !== slot || slot >= this.slots) {
      throw new RangeError(`slot ${slot}, expected an integer from 0 to ${this.slots - 1}`);
    }
    this.#rows[row] ??= new Row(this.slots, this.#allocator);
    if (!this.#rows[row].add(slot)) return false;
    this.#slotRows.add(slot, row);
    this.#version++;
    return true;
  }

  /** Ends a membership. The row keeps its memory, even when it is empty now. True when there was one. */
  remove(row: number, slot: number): boolean {
    if (!this.#rows[row]?.remove(slot)) return false;
    this.#slotRows.remove(slot, row);
    this.#version++;
    return true;
  }

  /** Takes the slot out of every row it is in. */
  removeSlot(slot: number): void {
    const leaving = this.#leaving;
    this.#slotRows.drain(slot, leaving);
    if (leaving.length === 0) return;
    for (let i = 0; i < leaving.length; i++) this.#rows[leaving.values[i]]!.remove(slot);
    leaving.clear();
    this.#version++;
  }

  /** Puts `to` into every row that `from` is in, and takes `from` out: a session changes its slot. */
  moveSlot(from: number, to: number): void {
    const moving = this.#leaving;
    this.#slotRows.drain(from, moving);
    for (let i = 0; i < moving.length; i++) {
      const row = moving.values[i];
      this.#rows[row]!.remove(from);
      this.add(row, to);
    }
    moving.clear();
    this.#version++;
  }

  /** Releases the memory of a row, so that its number can be issued again. A row that still has members loses them. */
  free(row: number): void {
    const freed = this.#rows[row];
    if (freed === undefined) return;
    if (freed.cardinality > 0) {
      this.#forgetMembers(row, freed);
      this.#version++;
    }
    freed.release();
    this.#rows[row] = undefined;
  }

  #forgetMembers(number: number, row: Row): void {
    const { words, start, cardinality } = row;
    if (!row.dense) {
      for (let i = start; i < start + cardinality; i++) this.#slotRows.remove(words[i], number);
      return;
    }
    const hi = row.hiWord;
    let slot = nextSetBit(words, row.loWord << 5, hi);
    while (slot >= 0) {
      this.#slotRows.remove(slot, number);
      slot = nextSetBit(words, slot + 1, hi);
    }
  }
}
