/**
 * What a query says about the revision and form a client speaks. Pure.
 */
import type { Revision } from '../../wire/engine-packet.ts';

/** Exactly `4` is revision 4, everything else, absence included, is 3. */
export const revisionFrom = (query: Readonly<Record<string, string | string[]>>): Revision =>
  query.EIO === '4' ? 4 : 3;

/** Any value, even an empty one in an array, asks for text only. */
export const wantsBase64 = (query: Readonly<Record<string, string | string[]>>): boolean =>
  query.b64 !== undefined && query.b64 !== '';
