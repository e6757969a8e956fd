/**
 * What the soak test and its client hosts say to each other, and what a numbered message carries.
 * Both processes run it; types and pure functions only.
 */
import type { Generation } from '../support/clients.ts';

/** The two namespaces of the soak; clients of generation 2 are always in the first. */
export const NAMESPACES = ['/', '/chat'] as const;

export interface ConnectOrder {
  key: number;
  generation: Generation;
  namespaces: string[];
}
export type RoomOperation = 'join' | 'leave';
/** How a client ends: orderly per namespace, by closing its connection, or by cutting TCP. */
export type DropKind = 'disconnect' | 'close' | 'cut';

export type Order =
  | { kind: 'connect'; port: number; clients: ConnectOrder[] }
  /** The client asks the server, by an event, to join or leave a room. */
  | { kind: 'ask'; key: number; namespace: string; operation: RoomOperation; room: string }
  | { kind: 'drop'; key: number; how: DropKind };

export type HostRequest =
  | { kind: 'orders'; orders: Order[] }
  /** Resolves when every connected client got its mark of this phase or was disconnected. */
  | { kind: 'sync'; phase: number };

/** What one client received since the last report. */
export interface ClientReport {
  key: number;
  numbers: number[];
  /** Set when the client is gone: why, per namespace. Such a client is reported once. */
  endings?: string[];
}

export interface HostReport {
  clients: ClientReport[];
  /** Messages whose payload was not what its number demands. */
  damaged: string[];
}

/** Message `n` of every ten carries binary, text of several planes, or nothing. */
export function payloadOf(n: number): unknown[] {
  if (n % 10 === 0) return [{ bytes: Buffer.alloc(n % 97, n & 0xff), tail: [Buffer.from([n & 0xff])] }];
  if (n % 10 === 5) return [`é漢😀 ${n}`, { n, list: [n, null] }];
  return [];
}
