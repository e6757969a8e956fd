/**
 * The whole table of the differential test.
 */
import type { Case } from './case.ts';
import { BEFORE_CONNECT_CASES } from './cases/before-connect.ts';
import { CORS_CASES } from './cases/cors.ts';
import { ENGINE_PACKET_CASES } from './cases/engine-packets.ts';
import { FRAME_CASES } from './cases/frames.ts';
import { HANDSHAKE_CASES } from './cases/handshakes.ts';
import { JSONP_CASES } from './cases/jsonp.ts';
import { NAMESPACE_CASES } from './cases/namespaces.ts';
import { PACKET_CASES } from './cases/packets.ts';
import { PAYLOAD_CASES } from './cases/payloads.ts';
import { POLLING_CASES } from './cases/polling.ts';
import { REFUSAL_CASES } from './cases/refusals.ts';
import { REQUEST_CASES } from './cases/requests.ts';
import { UPGRADE_CASES } from './cases/upgrades.ts';
import { DIFFERENCES } from './differences.ts';
import { FOLLOWS_2, FOLLOWS_4 } from './follows.ts';

const CASES: readonly Case[] = [
  ...REFUSAL_CASES,
  ...REQUEST_CASES,
  ...HANDSHAKE_CASES,
  ...FRAME_CASES,
  ...ENGINE_PACKET_CASES,
  ...BEFORE_CONNECT_CASES,
  ...NAMESPACE_CASES,
  ...PACKET_CASES,
  ...POLLING_CASES,
  ...PAYLOAD_CASES,
  ...JSONP_CASES,
  ...UPGRADE_CASES,
  ...CORS_CASES,
];

function followed(id: string): Case['follows'] {
  if (FOLLOWS_4.has(id)) return '4.x';
  return FOLLOWS_2.has(id) ? '2.x' : undefined;
}

/** Every case together with what is known of its outcome. */
export const TABLE: readonly Case[] = CASES.map((subject) => ({
  ...subject,
  follows: followed(subject.id),
  differs: DIFFERENCES.get(subject.id),
}));

/** Ids in the lists of outcomes that no case has. */
export const STRAY_IDS: readonly string[] = [...DIFFERENCES.keys(), ...FOLLOWS_2, ...FOLLOWS_4].filter(
  (id) => !CASES.some((subject) => subject.id === id),
);
