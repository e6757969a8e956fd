/**
 * Connection state recovery: who may come back after a lost connection, and what is kept for that. App thread.
 */
import { randomBytes } from 'node:crypto';
import type { DisconnectReason } from '../session/reasons.ts';

/**
 * Option `connectionStateRecovery`: lets Socket.IO 4 clients come back under their id, with what they missed.
 * @since Socket.IO 4.6
 */
export interface RecoveryOptions {
  /** Milliseconds a lost session and its missed events are kept, 1 to 2^31 − 1. @default 120000 @since Socket.IO 4.6 */
  maxDisconnectionDuration?: number;
  /** Whether a client that comes back passes middleware by. @default true @since Socket.IO 4.6 */
  skipMiddlewares?: boolean;
  /**
   * Events kept per namespace, 1 to 1,000,000; a client whose last event is older starts anew.
   *
   * @default 10000 @since Broadside
   */
  maxPackets?: number;
  /** Bytes of events kept per namespace, 1 to 1 GiB. @default 16777216 @since Broadside */
  maxBytes?: number;
  /** Lost sessions kept per namespace, 1 to 1,000,000; the oldest go first. @default 100000 @since Broadside */
  maxSessions?: number;
}

/** Losses that a client does not ask for, and the end of the server. */
const RECOVERABLE: ReadonlySet<DisconnectReason> = new Set<DisconnectReason>([
  'transport error',
  'transport close',
  'forced close',
  'ping timeout',
  'server shutting down',
  'forced server close',
]);

export function canComeBack(reason: DisconnectReason): boolean {
  return RECOVERABLE.has(reason);
}

/** 144 random bits: who knows it gets the session. */
export function newPrivateId(): string {
  return randomBytes(18).toString('base64url');
}
