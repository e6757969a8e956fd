/**
 * Engine.IO packets over WebSocket after a good handshake: each text or binary frame is one packet.
 */
import type { Case, Revision } from '../case.ts';
import { binary, text } from '../frame-bytes.ts';
import { alive, joined, type Notes, send } from '../steps.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

const row = (revision: Revision, id: string, name: string, frames: Buffer[], notes: Notes = {}): Case => ({
  id: `engine-${revision}-${id}`,
  name: `${name}, revision ${revision}`,
  revision,
  steps: [joined(revision), send(...frames), alive],
  ...notes,
});

const eio3 = (id: string, name: string, frames: Buffer[], notes?: Notes): Case => row(3, id, name, frames, notes);
const eio4 = (id: string, name: string, frames: Buffer[], notes?: Notes): Case => row(4, id, name, frames, notes);

const ONE_ATTACHMENT = '451-["a",{"_placeholder":true,"num":0}]';

export const ENGINE_PACKET_CASES: readonly Case[] = [
  eio4('empty', 'an empty text frame', [text('')]),
  eio4('unknown-9', 'an unknown packet type', [text('9')]),
  eio4('unknown-7', 'the first unknown packet type', [text('7')]),
  eio4('letter', 'a letter for a packet type', [text('x')]),
  eio4('separator', 'the separator of polling payloads', [text('\x1e')]),
  eio4('two-packets', 'two packets joined as in polling', [text('42["a"]\x1e42["b"]')]),
  eio4('ping', 'a ping, which only the server may send', [text('2')]),
  eio4('ping-probe', 'a probe outside of an upgrade', [text('2probe')]),
  eio4('pong', 'a pong nobody asked for', [text('3')]),
  eio4('pong-data', 'a pong with data', [text('3probe')]),
  eio4('open', 'an open packet from the client', [text('0{}')]),
  eio4('close', 'a close packet', [text('1')]),
  eio4('upgrade', 'an upgrade packet outside of an upgrade', [text('5')]),
  eio4('noop', 'a noop', [text('6')]),
  eio4('noop-data', 'a noop with data', [text('6x')]),
  eio4('message-empty', 'a message without data', [text('4')]),
  eio4('binary-stray', 'a binary message nobody announced', [binary('\x01\x02')]),
  eio4('binary-empty', 'an empty binary message nobody announced', [binary('')]),
  eio4('base64-stray', 'a base64 message nobody announced', [text('bAQID')]),
  eio4('base64-attachment', 'an attachment as base64', [text(ONE_ATTACHMENT), text('bAQID')]),
  eio4('base64-odd-length', 'an attachment as base64 of an impossible length', [text(ONE_ATTACHMENT), text('bAQIDB')]),
  eio4('base64-garbage', 'an attachment as base64 with other characters', [text(ONE_ATTACHMENT), text('b!AQ ID*')]),
  eio4('base64-empty', 'an attachment as empty base64', [text(ONE_ATTACHMENT), text('b')]),
  eio4('attachment-empty', 'an attachment without bytes', [text(ONE_ATTACHMENT), binary('')]),
  eio4('nul', 'a NUL byte for a packet type', [text('\0')]),

  eio3('empty', 'an empty text frame', [text('')]),
  eio3('unknown-9', 'an unknown packet type', [text('9')]),
  eio3('letter', 'a letter for a packet type', [text('x')]),
  eio3('ping', 'a ping', [text('2')]),
  eio3('ping-probe', 'a ping with data', [text('2probe')]),
  eio3('pong', 'a pong, which only the server may send', [text('3')]),
  eio3('open', 'an open packet from the client', [text('0{}')]),
  eio3('close', 'a close packet', [text('1')]),
  eio3('upgrade', 'an upgrade packet outside of an upgrade', [text('5')]),
  eio3('noop', 'a noop', [text('6')]),
  eio3('message-empty', 'a message without data', [text('4')]),
  eio3('binary-stray', 'a binary message nobody announced', [binary(bytes('040102'))]),
  eio3('binary-empty', 'an empty binary frame', [binary('')]),
  eio3('binary-attachment', 'an attachment with its type byte', [text(ONE_ATTACHMENT), binary(bytes('04010203'))]),
  eio3('binary-type-9', 'a binary frame of an unknown packet type', [text(ONE_ATTACHMENT), binary(bytes('090102'))]),
  eio3('binary-type-ping', 'a binary frame with the type of a ping', [binary(bytes('02'))]),
  eio3('binary-type-digit', 'a binary frame with a digit for its type', [text(ONE_ATTACHMENT), binary('4abc')]),
  eio3('base64-attachment', 'an attachment as base64', [text(ONE_ATTACHMENT), text('b4AQID')]),
  eio3('base64-type-9', 'base64 of an unknown packet type', [text('b9AQID')]),
  eio3('base64-type-ping', 'base64 with the type of a ping', [text('b2')]),
  eio3('base64-bare', 'base64 without a type', [text('b')]),
];
