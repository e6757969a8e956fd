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
import { REQUEST_CASES } from './cases/requests.ts';
import { UPGRADE_CASES } from './cases/upgrades.ts';

export const TABLE: readonly Case[] = [
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
