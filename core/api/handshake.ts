/**
 * `socket.handshake`: what is known of a connection when it joins a namespace. App thread.
 * Built when first asked for; keys and order are those of Socket.IO.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type HandshakeRequest, parseQuery } from '../wire/request-info.ts';

/** A mutable object of its own for each socket; `headers` is the request's. @since Socket.IO 2 */
export interface Handshake {
  /** Headers of the handshake request, names in lower case. */
  headers: IncomingHttpHeaders;
  /** When the socket was made, as text. */
  time: string;
  /** The client's address. */
  address: string;
  /** Whether the request named an origin. */
  xdomain: boolean;
  /** Whether the connection is encrypted. */
  secure: boolean;
  /** When the socket was made: ms since the epoch. */
  issued: number;
  /** URL of the handshake request, with its query. */
  url: string;
  /** Query of the request, overlaid with the namespace's own query of a Socket.IO 2 client. */
  query: Record<string, string | string[] | undefined>;
  /** What the client gave as `auth`; the namespace's own query for a Socket.IO 2 client. */
  auth: { [key: string]: any };
}

export type Query = Readonly<Record<string, string | string[] | undefined>>;

/**
 * @param address the connection's remote address
 * @param issued ms since the epoch
 * @param auth payload of the CONNECT packet
 * @param query query of the namespace's name; Socket.IO 2 clients only
 */
export function createHandshake(
  request: IncomingMessage,
  address: string,
  issued: number,
  auth: Record<string, unknown> | undefined,
  query: Query | undefined,
): Handshake {
  // A foreign engine may not have parsed the query. Spread defines own properties, so a client's `__proto__` key stays a key.
  const { _query, connection, headers, url } = request as unknown as HandshakeRequest;
  const own = _query ?? parseQuery(url);
  return {
    headers,
    time: `${new Date(issued)}`,
    address,
    xdomain: headers.origin !== undefined,
    secure: Boolean(connection?.encrypted),
    issued,
    url,
    query: { ...own, ...query },
    auth: { ...query, ...auth },
  };
}
