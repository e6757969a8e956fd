/**
 * `socket.handshake`: what is known of a connection when it joins a namespace. App thread.
 * Built when first asked for; keys and order are those of Socket.IO.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type HandshakeRequest, parseQuery } from '../wire/request-info.ts';
import { EngineRequest } from './handshake-request.ts';

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
  const { headers, url } = request as unknown as HandshakeRequest;
  const { own, secure } = request instanceof EngineRequest ? ofOurs(request) : ofForeign(request);
  return {
    headers,
    time: timeText(issued),
    address,
    xdomain: headers.origin !== undefined,
    secure,
    issued,
    url,
    // Spread defines own properties, so a client's `__proto__` key stays a key.
    query: query === undefined ? own : { ...own, ...query },
    auth: { ...query, ...auth },
  };
}

interface FromRequest {
  /** The request's own query, for the handshake to keep. */
  own: Record<string, string | string[] | undefined>;
  secure: boolean;
}

function ofOurs(request: EngineRequest): FromRequest {
  return { own: request.copyQuery(), secure: request.encrypted };
}

/** A foreign engine may not have parsed the query. */
function ofForeign(request: IncomingMessage): FromRequest {
  const { _query, connection, url } = request as unknown as HandshakeRequest;
  return { own: { ...(_query ?? parseQuery(url)) }, secure: Boolean(connection?.encrypted) };
}

let secondOfText = Number.NaN;
let textOfSecond = '';

/** As `Date` writes it, to the second: one text for all sockets of a second, not one for each to keep. */
function timeText(issued: number): string {
  const second = Math.floor(issued / 1000);
  if (second !== secondOfText) {
    secondOfText = second;
    textOfSecond = `${new Date(issued)}`;
  }
  return textOfSecond;
}
