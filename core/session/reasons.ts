/**
 * Why a session or a Socket ended: disconnect reasons and what may be said about them, as numbers and as text.
 * Threads pass the numbers; the app thread turns them into the strings that `disconnect` listeners get.
 * The strings are contract (BEHAVIOUR 87): clients and applications compare them. Numbers may only be added.
 */

export const REASON_TRANSPORT_CLOSE = 0;
export const REASON_TRANSPORT_ERROR = 1;
export const REASON_PING_TIMEOUT = 2;
export const REASON_PARSE_ERROR = 3;
export const REASON_FORCED_CLOSE = 4;
export const REASON_FORCED_SERVER_CLOSE = 5;
export const REASON_SERVER_SHUTTING_DOWN = 6;
export const REASON_CLIENT_NAMESPACE_DISCONNECT = 7;
export const REASON_SERVER_NAMESPACE_DISCONNECT = 8;

/** Reason by number. */
export const DISCONNECT_REASONS = [
  'transport close',
  'transport error',
  'ping timeout',
  'parse error',
  'forced close',
  'forced server close',
  'server shutting down',
  'client namespace disconnect',
  'server namespace disconnect',
] as const;

/** Why a socket was disconnected; docs/api.md has the list. @since Socket.IO 2 */
export type DisconnectReason = (typeof DISCONNECT_REASONS)[number];

export const DESCRIPTION_NONE = 0;
export const DESCRIPTION_INVALID_HEARTBEAT = 1;
export const DESCRIPTION_MAX_PAYLOAD = 2;
export const DESCRIPTION_INVALID_CONTENT = 3;
export const DESCRIPTION_POLL_ABORTED = 4;
export const DESCRIPTION_POST_ABORTED = 5;
export const DESCRIPTION_POLL_OVERLAP = 6;
export const DESCRIPTION_POST_OVERLAP = 7;
export const DESCRIPTION_THREAD_LOST = 8;
export const DESCRIPTION_INBOUND_LIMIT = 9;
export const DESCRIPTION_OUTBOUND_LIMIT = 10;

/** Description by number; it becomes the message of the Error that `disconnect` listeners get as second argument. */
export const DISCONNECT_DESCRIPTIONS = [
  '',
  'invalid heartbeat direction',
  'Max payload size exceeded',
  'invalid content',
  'poll connection closed prematurely',
  'data request connection closed prematurely',
  'overlap from client',
  'data request overlap from client',
  'the I/O thread of this connection ended',
  'inbound queue limit exceeded',
  'outbound queue limit exceeded',
] as const;

/**
 * The string for a reason's number.
 *
 * @throws RangeError for a number that is not in the table
 */
export function reasonText(code: number): DisconnectReason {
  const text = DISCONNECT_REASONS[code];
  if (text === undefined) throw new RangeError(`No disconnect reason has the number ${code}.`);
  return text;
}

/** The number for a reason's string, or -1 for a string that is not in the table. */
export function reasonCode(text: string): number {
  return (DISCONNECT_REASONS as readonly string[]).indexOf(text);
}

/**
 * The second argument of `disconnect` listeners: a fresh Error, a RangeError where a size was exceeded, or undefined
 * for DESCRIPTION_NONE.
 *
 * @throws RangeError for a number that is not in the table
 */
export function describeReason(code: number): Error | undefined {
  const text = DISCONNECT_DESCRIPTIONS[code];
  if (text === undefined) throw new RangeError(`No disconnect description has the number ${code}.`);
  if (code === DESCRIPTION_NONE) return undefined;
  return code === DESCRIPTION_MAX_PAYLOAD ? new RangeError(text) : new Error(text);
}
