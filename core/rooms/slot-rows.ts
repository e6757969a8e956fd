/**
 * The way back from a slot to the rows it is in, for a client that goes away with all its rooms.
 * Part of the room index, which calls it exactly once per change of a membership; it checks nothing itself.
 */
import type { IntList } from './int-list.ts';

/** Rows of one slot from which on a list is too long to walk at a leave. */
const LONG_ROWS = 64;
/** Mark in the counts of a slot whose rows are in a Set; above LONG_ROWS, within a byte. */
const IN_SET = 255;
/** Words of a node: the row, then the number of the next node. Node 0 is no node: it ends every list. */
const NODE_WORDS = 2;
const FIRST_NODES = 1024;

/**
 * Lists of nodes in one array: 8 bytes per membership and no object per slot, so a million of them are 8 to 16 MB that
 * the garbage collector never walks. A slot with many rows has a Set instead: lists are searched from the front.
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
  readonly #sets = new Map<number, Set<number>>();

  constructor(slots: number) {
    this.#heads = new Uint32Array(slots);
    this.#counts = new Uint8Array(slots);
  }

  /** The slot must not be in the row yet. */
  add(slot: number, row: number): void {
    if (this.#counts[slot] === LONG_ROWS) this.#toSet(slot);
    if (this.#counts[slot] === IN_SET) {
      this.#sets.get(slot)!.add(row);
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
    if (this.#counts[slot] === IN_SET) {
      const rows = this.#sets.get(slot)!;
      rows.delete(row);
      if (rows.size === 0) this.#dropSet(slot);
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
    if (this.#counts[slot] === IN_SET) {
      for (const row of this.#sets.get(slot)!) into.push(row);
      this.#dropSet(slot);
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

  #toSet(slot: number): void {
    const rows = new Set<number>();
    let node = this.#heads[slot];
    while (node !== 0) {
      const next = this.#nodes[node + 1];
      rows.add(this.#nodes[node]);
      this.#giveNode(node);
      node = next;
    }
    this.#heads[slot] = 0;
    this.#counts[slot] = IN_SET;
    this.#sets.set(slot, rows);
  }

  #dropSet(slot: number): void {
    this.#sets.delete(slot);
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
