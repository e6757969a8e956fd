/**
 * The whole table of the differential test.
 */
import type { Case } from './case.ts';
import { BEFORE_CONNECT_CASES } from './cases/before-connect.ts';
import { ENGINE_PACKET_CASES } from './cases/engine-packets.ts';
import { FRAME_CASES } from './cases/frames.ts';
import { HANDSHAKE_CASES } from './cases/handshakes.ts';
import { PACKET_CASES } from './cases/packets.ts';
import { REQUEST_CASES } from './cases/requests.ts';

export const TABLE: readonly Case[] = [
  ...REQUEST_CASES,
  ...HANDSHAKE_CASES,
  ...FRAME_CASES,
  ...ENGINE_PACKET_CASES,
  ...BEFORE_CONNECT_CASES,
  ...PACKET_CASES,
];
