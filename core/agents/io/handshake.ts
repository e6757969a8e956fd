/**
 * Decides whether a request may become a session. Pure: the thread entry answers, this only says what.
 */
import type { Revision } from '../../wire/engine-packet.ts';
import {
  BAD_HANDSHAKE_METHOD,
  BAD_REQUEST,
  SESSION_UNKNOWN,
  TRANSPORT_UNKNOWN,
  UNSUPPORTED_VERSION,
} from '../../wire/connection-errors.ts';

export interface HandshakeQuery {
  readonly method: string;
  readonly query: Readonly<Record<string, string | string[]>>;
  /** The request asks for a WebSocket upgrade. */
  readonly upgrade: boolean;
  readonly allowEIO3: boolean;
}

/** A connection error code, or undefined when the handshake is good. Checks come in the reference's order. */
export function refuseHandshake({ method, query, upgrade, allowEIO3 }: HandshakeQuery): number | undefined {
  if (query.transport !== 'websocket') return TRANSPORT_UNKNOWN;
  if (typeof query.sid === 'string' && query.sid !== '') return SESSION_UNKNOWN;
  if (method !== 'GET') return BAD_HANDSHAKE_METHOD;
  if (!upgrade) return BAD_REQUEST;
  if (revisionFrom(query) === 3 && !allowEIO3) return UNSUPPORTED_VERSION;
  return undefined;
}

/** Exactly `4` is revision 4, everything else, absence included, is 3. */
export const revisionFrom = (query: Readonly<Record<string, string | string[]>>): Revision =>
  query.EIO === '4' ? 4 : 3;

/** Any value, even an empty one in an array, asks for text only. */
export const wantsBase64 = (query: Readonly<Record<string, string | string[]>>): boolean =>
  query.b64 !== undefined && query.b64 !== '';
