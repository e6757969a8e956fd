/**
 * What a test and a host of lean clients say to each other. Both processes run it; types and constants only.
 */
export const LEAN_NAMESPACE = '/lean';
/** Event with one number; the numbers that a client receives must be 1, 2, 3 ... */
export const LEAN_EVENT = 'b';

export type LeanRequest =
  /** Resolves when all are in the namespace. */
  | { kind: 'connect'; port: number; count: number }
  /** Resolves when every client has received number `last`, or is gone. */
  | { kind: 'await'; last: number };

export interface LeanReport {
  clients: number;
  /** Messages received by all clients together. */
  received: number;
  /** Clients whose connection ended. */
  closed: number;
  /** Messages that did not follow their predecessor. */
  gaps: number;
}
