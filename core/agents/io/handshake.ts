/**
 * What a request's query says, and whether it may open a session. Pure.
 */
import {
  BAD_HANDSHAKE_METHOD,
  BAD_REQUEST,
  type ConnectionError,
  TRANSPORT_UNKNOWN,
  UNSUPPORTED_VERSION,
} from '../../wire/connection-errors.ts';
import type { Revision } from '../../wire/engine-packet.ts';
import type { RequestInfo } from '../../wire/request-info.ts';
import type { ServerSpec } from '../segment.ts';

/** A query value that is there once; anything else counts as absent. */
export const single = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : '');

/** Why a request of any kind is refused for its transport, as in the query; undefined when it is not. */
export function refuseTransport(
  { transports }: ServerSpec,
  transport: string | string[] | undefined,
): ConnectionError | undefined {
  const isKnown = (transports as readonly unknown[]).includes(transport);
  return isKnown ? undefined : { code: TRANSPORT_UNKNOWN, context: { transport } };
}

/** Why a request without a sid opens no session; checks come in the order of the protocol. */
export function refuseHandshake(
  spec: ServerSpec,
  { method, revision }: RequestInfo,
  transport: string | string[] | undefined,
  expected: string,
): ConnectionError | undefined {
  const unknown = refuseTransport(spec, transport);
  if (unknown !== undefined) return unknown;
  if (method !== 'GET') return { code: BAD_HANDSHAKE_METHOD, context: { method } };
  if (transport !== expected) return { code: BAD_REQUEST, context: { name: 'TRANSPORT_HANDSHAKE_ERROR' } };
  const isServed = revision === 4 || spec.allowEIO3;
  return isServed ? undefined : { code: UNSUPPORTED_VERSION, context: { protocol: revision } };
}

/** Exactly `4` is revision 4, everything else, absence included, is 3. */
export const revisionFrom = (query: Readonly<Record<string, string | string[]>>): Revision =>
  query.EIO === '4' ? 4 : 3;

/** Any value, even an empty one in an array, asks for text only. */
export const wantsBase64 = (query: Readonly<Record<string, string | string[]>>): boolean =>
  query.b64 !== undefined && query.b64 !== '';

/** The session a request names, empty for none. Several names are no session's: unknown, not none. */
export const sidOf = (query: Readonly<Record<string, string | string[]>>): string =>
  Array.isArray(query.sid) ? query.sid.join() : (query.sid ?? '');
