/**
 * The way back from a slot to the rows it is in, for a client that goes away with all its rooms.
 * Part of the room index, which calls it exactly once per change of a membership; it checks nothing itself.
 */
import { IntList } from './int-list.ts';

/** Rows of one slot from which on a chain of nodes is too long to walk at a leave. */
const LONG_ROWS = 64;
/** Rows of one slot from which on an array is, too: a look at all of them takes a microsecond. */
const HUGE_ROWS = 4096;
/** Mark in the counts of a slot whose rows are in an array or a Set; above LONG_ROWS, within a byte. */
const ELSEWHERE = 255;
/** Words of a node: the row, then the number of the next node. Node 0 is no node: it ends every list. */
const NODE_WORDS = 2;
const FIRST_NODES = 1024;

/**
 * Lists of nodes in one array: 8 bytes per membership and no object per slot, so a million of them are 8 to 16 MB that
 * the garbage collector never walks. A slot with many rows has an array of its own instead, one with very many a Set.
 */
export class SlotRows {
  /** First node by slot. */
  readonly #heads: Uint32Array;
  readonly #counts: Uint8Array;
  #nodes = new Uint32Array(FIRST_NODES * NODE_WORDS);
  /** Nodes ever used, node 0 included. */
  #used = 1;
  /** First of the nodes that are free again. */
  #free = 0;
  readonly #long = new Map<number, IntList | Set<number>>();

  constructor(slots: number) {
    this.#heads = new Uint32Array(slots);
    this.#counts = new Uint8Array(slots);
  }

  /** The slot must not be in the row yet. */
  add(slot: number, row: number): void {
    if (this.#counts[slot] === LONG_ROWS) this.#toList(slot);
    if (this.#counts[slot] === ELSEWHERE) {
      const rows = this.#long.get(slot)!;
      if (rows instanceof Set) rows.add(row);
      else if (rows.length < HUGE_ROWS) rows.push(row);
      else this.#long.set(slot, new Set(rows.values.subarray(0, rows.length)).add(row));
      return;
    }
    const node = this.#takeNode();
    this.#nodes[node] = row;
    this.#nodes[node + 1] = this.#heads[slot];
    this.#heads[slot] = node;
    this.#counts[slot]++;
  }

  /** The slot must be in the row. */
  remove(slot: number, row: number): void {
    if (this.#counts[slot] === ELSEWHERE) {
      const rows = this.#long.get(slot)!;
      if (rows instanceof Set) rows.delete(row);
      else rows.removeUnordered(row);
      if ((rows instanceof Set ? rows.size : rows.length) === 0) this.#dropLong(slot);
      return;
    }
    const nodes = this.#nodes;
    let before = 0;
    let node = this.#heads[slot];
    while (nodes[node] !== row) {
      before = node;
      node = nodes[node + 1];
    }
    if (before === 0) this.#heads[slot] = nodes[node + 1];
    else nodes[before + 1] = nodes[node + 1];
    this.#giveNode(node);
    this.#counts[slot]--;
  }

  /** Forgets all rows of a slot, after appending them to `into` in no particular order. */
  drain(slot: number, into: IntList): void {
    if (this.#counts[slot] === ELSEWHERE) {
      const rows = this.#long.get(slot)!;
      if (rows instanceof Set) for (const row of rows) into.push(row);
      else for (let i = 0; i < rows.length; i++) into.push(rows.values[i]);
      this.#dropLong(slot);
      return;
    }
    let node = this.#heads[slot];
    while (node !== 0) {
      const next = this.#nodes[node + 1];
      into.push(this.#nodes[node]);
      this.#giveNode(node);
      node = next;
    }
    this.#heads[slot] = 0;
    this.#counts[slot] = 0;
  }

  #toList(slot: number): void {
    const rows = new IntList(2 * LONG_ROWS);
    this.drain(slot, rows);
    this.#counts[slot] = ELSEWHERE;
    this.#long.set(slot, rows);
  }

  #dropLong(slot: number): void {
    this.#long.delete(slot);
    this.#counts[slot] = 0;
  }

  /** Index of a node's row word. */
  #takeNode(): number {
    const free = this.#free;
    if (free !== 0) {
      this.#free = this.#nodes[free + 1];
      return free;
    }
    const node = this.#used++ * NODE_WORDS;
    if (node === this.#nodes.length) {
      const grown = new Uint32Array(2 * node);
      grown.set(this.#nodes);
      this.#nodes = grown;
    }
    return node;
  }

  #giveNode(node: number): void {
    this.#nodes[node + 1] = this.#free;
    this.#free = node;
  }
}
