/**
 * The sessions of one I/O thread by local slot (slot minus the first of the thread's range). Owned by that thread.
 *
 *   FREE ──reserve──▶ RESERVED ──open──▶ OPEN ──close──▶ CLOSED ──RELEASE read──▶ FREE
 *
 * An open session has a transport: a WebSocket, or polling. A closed slot is not used again before RELEASE: until then
 * records in the log may still name it.
 */
import type { Slot } from '../../session/ids.ts';
import { SlotPool } from '../../session/slot-pool.ts';
import type { SlotRange } from '../slot-ranges.ts';
import type { PollingTransport } from './polling-transport.ts';
import type { WebSocketHandle } from './web-socket-handle.ts';

/** Which form of a frame a receiver needs; an index into the views of a frame. */
export const VARIANT_EIO4 = 0;
export const VARIANT_EIO3 = 1;
export const VARIANT_EIO4_BASE64 = 2;
export const VARIANT_EIO3_BASE64 = 3;
export const VARIANTS = 4;

/** `compressFrom` of a session that is never compressed. */
export const NEVER_COMPRESS = 0xffff_ffff;

export const revisionOf = (variant: number): 3 | 4 => ((variant & 1) === 0 ? 4 : 3);

export function variantOf(revision: 3 | 4, base64: boolean): number {
  if (base64) return revision === 4 ? VARIANT_EIO4_BASE64 : VARIANT_EIO3_BASE64;
  return revision === 4 ? VARIANT_EIO4 : VARIANT_EIO3;
}

export class SessionTable {
  readonly first: number;
  readonly count: number;
  /** By local slot; one of the two is defined while OPEN. */
  readonly sockets: (WebSocketHandle | undefined)[] = [];
  readonly polls: (PollingTransport | undefined)[] = [];
  readonly variants: Uint8Array;
  readonly servers: Int32Array;
  /** Tells two sessions on one slot apart: an upgrade names its session by slot and serial. */
  readonly serials: Int32Array;
  /** Bytes from which a frame may be compressed for this session. */
  readonly compressFrom: Uint32Array;
  /** 1: the last `send` said that the kernel has all that was written to the WebSocket. 0: ask the WebSocket. */
  readonly drained: Uint8Array;
  readonly #sids: string[] = [];
  readonly #localOf = new Map<string, number>();
  readonly #pool: SlotPool;
  #serial = 0;
  #open = 0;

  constructor(range: SlotRange) {
    this.first = range.first;
    this.count = range.count;
    this.variants = new Uint8Array(range.count);
    this.servers = new Int32Array(range.count);
    this.serials = new Int32Array(range.count);
    this.compressFrom = new Uint32Array(range.count);
    this.drained = new Uint8Array(range.count);
    this.#pool = new SlotPool(range.first, range.count);
  }

  /** Sessions that are open now. */
  get openCount(): number {
    return this.#open;
  }

  /** Takes a slot for a session that is about to open; returns it as a local slot, -1 when none is free. */
  reserve(server: number, variant: number, compressFrom: number): number {
    const slot = this.#pool.acquire();
    if (slot < 0) return -1;
    const local = slot - this.first;
    this.servers[local] = server;
    this.variants[local] = variant;
    this.compressFrom[local] = compressFrom;
    this.drained[local] = 0;
    this.#serial = (this.#serial + 1) | 0;
    this.serials[local] = this.#serial;
    while (this.sockets.length <= local) {
      this.sockets.push(undefined);
      this.polls.push(undefined);
    }
    return local;
  }

  /** Opens a reserved slot with its first transport, or one that moved here. */
  open(local: number, sid: string, socket: WebSocketHandle | undefined, poll: PollingTransport | undefined): void {
    this.sockets[local] = socket;
    this.polls[local] = poll;
    this.#sids[local] = sid;
    this.#localOf.set(sid, local);
    this.#open++;
  }

  isOpen(local: number): boolean {
    return this.sockets[local] !== undefined || this.polls[local] !== undefined;
  }

  sidOf(local: number): string {
    return this.#sids[local];
  }

  /** Local slot of an open session of this server, -1 when there is none. */
  find(server: number, sid: string): number {
    const local = this.#localOf.get(sid);
    return local !== undefined && this.servers[local] === server ? local : -1;
  }

  /** Forgets the transport; false when the session is not open. Read the transport before. */
  close(local: number): boolean {
    if (!this.isOpen(local)) return false;
    this.sockets[local] = undefined;
    this.polls[local] = undefined;
    const sid = this.#sids[local];
    if (this.#localOf.get(sid) === local) this.#localOf.delete(sid); // else it has moved to another slot here
    this.#sids[local] = '';
    this.#open--;
    return true;
  }

  /** The slot may be used again; `local` is free from now on. */
  release(local: number): void {
    this.#pool.release((local + this.first) as Slot);
  }

  /** Calls back with every open local slot of a server, or of all with -1. */
  forEachOpen(server: number, callback: (local: number) => void): void {
    for (let local = 0; local < this.sockets.length; local++) {
      if (this.isOpen(local) && (server < 0 || this.servers[local] === server)) callback(local);
    }
  }
}
