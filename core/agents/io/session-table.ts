/**
 * The sessions of one I/O thread by local slot (slot minus the first of the thread's range). Owned by that thread.
 *
 *   FREE ──open──▶ OPEN ──close──▶ CLOSED ──RELEASE read──▶ FREE
 *
 * A closed slot is not used again before RELEASE: until then records in the log may still name it.
 */
import { SlotPool } from '../../session/slot-pool.ts';
import type { Slot } from '../../session/ids.ts';
import type { SlotRange } from '../slot-ranges.ts';
import type { WebSocketHandle } from './web-socket-handle.ts';

/** Which form of a frame a receiver needs; an index into the batch's views. */
export const VARIANT_EIO4 = 0;
export const VARIANT_EIO3 = 1;
export const VARIANT_EIO4_BASE64 = 2;
export const VARIANT_EIO3_BASE64 = 3;
export const VARIANTS = 4;

export const revisionOf = (variant: number): 3 | 4 => ((variant & 1) === 0 ? 4 : 3);

export function variantOf(revision: 3 | 4, base64: boolean): number {
  if (base64) return revision === 4 ? VARIANT_EIO4_BASE64 : VARIANT_EIO3_BASE64;
  return revision === 4 ? VARIANT_EIO4 : VARIANT_EIO3;
}

export class SessionTable {
  readonly first: number;
  readonly count: number;
  /** By local slot; undefined unless OPEN. */
  readonly sockets: (WebSocketHandle | undefined)[];
  readonly variants: Uint8Array;
  readonly servers: Int32Array;
  readonly #pool: SlotPool;
  #open = 0;

  constructor(range: SlotRange) {
    this.first = range.first;
    this.count = range.count;
    this.sockets = new Array<WebSocketHandle | undefined>(0);
    this.variants = new Uint8Array(range.count);
    this.servers = new Int32Array(range.count);
    this.#pool = new SlotPool(range.first, range.count);
  }

  /** Sessions that are open now. */
  get openCount(): number {
    return this.#open;
  }

  /** Takes a slot for a session that is about to open; returns it as a local slot, -1 when none is free. */
  reserve(server: number, variant: number): number {
    const slot = this.#pool.acquire();
    if (slot < 0) return -1;
    const local = slot - this.first;
    this.servers[local] = server;
    this.variants[local] = variant;
    while (this.sockets.length <= local) this.sockets.push(undefined);
    return local;
  }

  open(local: number, socket: WebSocketHandle): void {
    this.sockets[local] = socket;
    this.#open++;
  }

  /** Forgets the handle and returns it; undefined when the session is not open. */
  close(local: number): WebSocketHandle | undefined {
    const socket = this.sockets[local];
    if (socket === undefined) return undefined;
    this.sockets[local] = undefined;
    this.#open--;
    return socket;
  }

  /** The slot may be used again; `local` is free from now on. */
  release(local: number): void {
    this.#pool.release((local + this.first) as Slot);
  }

  /** Calls back with every open local slot of a server, or of all with -1. */
  forEachOpen(server: number, callback: (local: number) => void): void {
    for (let local = 0; local < this.sockets.length; local++) {
      if (this.sockets[local] !== undefined && (server < 0 || this.servers[local] === server)) callback(local);
    }
  }
}
