/**
 * Why Engine.IO refuses a request: the codes and texts that clients see (BEHAVIOUR 2.8). Any thread; pure data.
 */
export const TRANSPORT_UNKNOWN = 0;
export const SESSION_UNKNOWN = 1;
export const BAD_HANDSHAKE_METHOD = 2;
export const BAD_REQUEST = 3;
export const FORBIDDEN = 4;
export const UNSUPPORTED_VERSION = 5;

export const CONNECTION_ERRORS = [
  'Transport unknown',
  'Session ID unknown',
  'Bad handshake method',
  'Bad request',
  'Forbidden',
  'Unsupported protocol version',
] as const;

/** What `connection_error` tells the application beside the code: plain data, so it can be sent to other threads. */
export type ErrorContext = Readonly<Record<string, unknown>>;

/** Why a request is refused. */
export interface ConnectionError {
  readonly code: number;
  readonly context: ErrorContext;
}

/** Context of a request whose revision is not its session's. */
export const protocolMismatch = (protocol: number, previousProtocol: number): ErrorContext => ({
  name: 'PROTOCOL_MISMATCH',
  protocol,
  previousProtocol,
});

/** Body of an HTTP answer, keys in the order of the protocol. */
export const connectionErrorBody = (code: number): string => JSON.stringify({ code, message: CONNECTION_ERRORS[code] });
