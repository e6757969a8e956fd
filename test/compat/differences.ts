/**
 * Where Broadside does otherwise than the reference servers. `docs/compatibility.md` gives the same reasons in the same
 * words and names the same cases; the test checks that, and that no difference listed here has gone.
 */
import type { Difference } from './case.ts';
import { PACKET_DIFFERENCES } from './differences/packets.ts';
import { TRANSPORT_DIFFERENCES } from './differences/transport.ts';

/** By id of the case. */
export const DIFFERENCES: ReadonlyMap<string, Difference> = new Map(
  [...TRANSPORT_DIFFERENCES, ...PACKET_DIFFERENCES].flatMap(({ reason, outcomes }) =>
    outcomes.flatMap(([broadside, ...ids]) => ids.map((id) => [id, { broadside, reason }] as const)),
  ),
);
