/**
 * What a request's query says, and whether it may open a session. Pure.
 */
import {
  BAD_HANDSHAKE_METHOD,
  BAD_REQUEST,
  TRANSPORT_UNKNOWN,
  UNSUPPORTED_VERSION,
} from '../../wire/connection-errors.ts';
import type { Revision } from '../../wire/engine-packet.ts';
import type { RequestInfo } from '../../wire/request-info.ts';
import type { ServerSpec } from '../segment.ts';

/** Why a request of any kind is refused for its transport; undefined when it is not. */
export const refuseTransport = ({ transports }: ServerSpec, transport: string): number | undefined =>
  (transports as readonly string[]).includes(transport) ? undefined : TRANSPORT_UNKNOWN;

/** Why a request without a sid opens no session; checks come in the order of the protocol. */
export function refuseHandshake(
  spec: ServerSpec,
  { method, revision }: RequestInfo,
  transport: string,
  expected: string,
): number | undefined {
  const unknown = refuseTransport(spec, transport);
  if (unknown !== undefined) return unknown;
  if (method !== 'GET') return BAD_HANDSHAKE_METHOD;
  if (transport !== expected) return BAD_REQUEST;
  return revision === 3 && !spec.allowEIO3 ? UNSUPPORTED_VERSION : undefined;
}

/** Exactly `4` is revision 4, everything else, absence included, is 3. */
export const revisionFrom = (query: Readonly<Record<string, string | string[]>>): Revision =>
  query.EIO === '4' ? 4 : 3;

/** Any value, even an empty one in an array, asks for text only. */
export const wantsBase64 = (query: Readonly<Record<string, string | string[]>>): boolean =>
  query.b64 !== undefined && query.b64 !== '';
