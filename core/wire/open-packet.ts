/**
 * The first packet of a session: it tells the client its sid and the timing both sides keep.
 * Written once per session by the I/O thread that answers the handshake.
 * Pure text; what the values are is decided by the caller.
 */
import { OPEN } from './engine-packet.ts';

export interface OpenPacket {
  /** Session id, secret of this client. */
  readonly sid: string;
  /** Transports the client may move to; empty on a WebSocket session. */
  readonly upgrades: readonly string[];
  /** Milliseconds between two pings. */
  readonly pingInterval: number;
  /** Milliseconds the other side has to answer one. */
  readonly pingTimeout: number;
  /** Largest message the server takes, in bytes. */
  readonly maxPayload: number;
}

/** The packet as text: the type digit, then JSON whose keys stand in the order clients have always seen. */
export function encodeOpenPacket({ sid, upgrades, pingInterval, pingTimeout, maxPayload }: OpenPacket): string {
  return OPEN + JSON.stringify({ sid, upgrades, pingInterval, pingTimeout, maxPayload });
}
