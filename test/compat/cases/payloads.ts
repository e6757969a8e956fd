/**
 * Bodies of polling requests: payloads of both revisions, good, odd and broken.
 */
import type { Case, Revision, Step } from '../case.ts';
import type { Bytes } from '../frame-bytes.ts';
import { http, joinedPolling, type Notes, pollingAlive, post } from '../steps.ts';

const OCTETS = 'application/octet-stream';

const row = (revision: Revision, id: string, name: string, steps: readonly Step[], notes: Notes): Case => ({
  id: `payload-${revision}-${id}`,
  name: `${name}, revision ${revision}`,
  revision,
  steps: [joinedPolling(revision), ...steps, pollingAlive(revision)],
  ...notes,
});

const eio4 = (id: string, name: string, body: Bytes, notes: Notes = {}, contentType?: string): Case =>
  row(4, id, name, [http(post(4, body, contentType))], notes);
const eio3 = (id: string, name: string, body: Bytes, notes: Notes = {}, contentType?: string): Case =>
  row(3, id, name, [http(post(3, body, contentType))], notes);

/** One packet of a binary payload; the length is written as digits, one per byte. */
const packet = (flag: number, digits: string, content: Bytes): Buffer =>
  Buffer.concat([Buffer.from([flag, ...[...digits].map(Number), 0xff]), Buffer.from(content as string)]);
const octets = (id: string, name: string, body: Buffer, notes?: Notes): Case =>
  eio3(`octets-${id}`, name, body, notes, OCTETS);

const SEPARATOR = '\x1e';

const ROOMY: Notes = { house: 'roomy' };
const noops4 = (count: number): string => Array.from({ length: count }, () => '6').join(SEPARATOR);

export const PAYLOAD_CASES: readonly Case[] = [
  eio4('events', 'several packets', ['42["a"]', '6', '3', '42["b"]'].join(SEPARATOR)),
  eio4('unknown', 'an unknown packet type', '9'),
  eio4('garbage', 'nonsense', 'xyz'),
  eio4('empty', 'an empty body', ''),
  eio4('separators', 'separators only', SEPARATOR.repeat(3)),
  eio4('separator-trailing', 'a separator at the end', `42["a"]${SEPARATOR}`),
  eio4('separator-leading', 'a separator at the start', `${SEPARATOR}42["a"]`),
  eio4('good-then-bad', 'a good packet before a bad one', `42["a"]${SEPARATOR}9${SEPARATOR}42["b"]`),
  eio4('ping', 'a ping, which only the server may send', '2'),
  eio4('probe', 'a probe', '2probe'),
  eio4('upgrade', 'an upgrade packet', '5'),
  eio4('open', 'an open packet', '0{}'),
  eio4('noops-many', '16,384 noops', noops4(16_384), ROOMY),
  eio4('noops-too-many', '16,385 noops', noops4(16_385), ROOMY),
  eio4('attachment', 'an attachment as base64', `451-["a",{"_placeholder":true,"num":0}]${SEPARATOR}bAQID`),
  eio4('base64-garbage', 'base64 with other characters', `451-["a",{"_placeholder":true,"num":0}]${SEPARATOR}b!AQ ID*`),
  eio4('base64-stray', 'base64 nobody announced', 'bAQID'),
  eio4('base64-bare', 'base64 of nothing, nobody announced', 'b'),
  eio4('revision-3', 'a payload of revision 3', '7:42["a"]'),
  eio4('octets', 'a body of bytes', Buffer.of(1, 2, 3), {}, OCTETS),
  eio4('octets-text', 'a packet that claims to be bytes', '42["a"]', {}, OCTETS),
  eio4('octets-charset', 'a content type that only begins like bytes', '42["a"]', {}, `${OCTETS}; charset=UTF-8`),
  eio4('form', 'a form without d', 'x=1', {}, 'application/x-www-form-urlencoded'),
  eio4('after-close', 'an event behind a close packet', `1${SEPARATOR}42["a"]`),
  eio4('after-violation', 'an event behind a violation', `42{}${SEPARATOR}42["a"]`),

  eio3('events', 'several packets', '7:42["a"]1:67:42["b"]'),
  eio3('ping', 'a ping', '1:2'),
  eio3('pong', 'a pong, which only the server may send', '1:3'),
  eio3('noops-many', '16,384 noops', '1:6'.repeat(16_384), ROOMY),
  eio3('noops-too-many', '16,385 noops', '1:6'.repeat(16_385), ROOMY),
  eio3('length-utf16', 'lengths count UTF-16 units', '13:42["a","€😀"]'),
  eio3('length-short', 'a length that is too short', '6:42["a"]'),
  eio3('length-long', 'a length that is too long', '8:42["a"]'),
  eio3('length-0', 'a packet without content', '0:'),
  eio3('length-missing', 'a packet without a length', ':42["a"]'),
  eio3('length-letters', 'a length of letters', 'x:42["a"]'),
  eio3('length-negative', 'a negative length', '-7:42["a"]'),
  eio3('length-zeros', 'a length with leading zeros', '007:42["a"]'),
  eio3('length-huge', 'a length of 5,000 digits', `${'7'.repeat(5000)}:42["a"]`),
  eio3('trailing-digits', 'digits at the end', '7:42["a"]12'),
  eio3('empty', 'an empty body', ''),
  eio3('garbage', 'nonsense', 'xyz'),
  eio3('unknown', 'an unknown packet type', '1:9'),
  eio3('good-then-bad', 'a good packet before a bad one', '7:42["a"]1:9'),
  eio3('base64', 'an attachment as base64', '39:451-["a",{"_placeholder":true,"num":0}]6:b4AQID'),
  eio3('base64-type-9', 'base64 of an unknown packet type', '6:b9AQID'),
  eio3('revision-4', 'a payload of revision 4', `42["a"]${SEPARATOR}42["b"]`),
  octets('text', 'bytes that hold text', packet(0, '7', '42["a"]')),
  octets(
    'attachment',
    'bytes that hold text and an attachment',
    Buffer.concat([packet(0, '39', '451-["a",{"_placeholder":true,"num":0}]'), packet(1, '4', Buffer.of(4, 1, 2, 3))]),
  ),
  octets('length-long', 'bytes whose length is too long', packet(0, '9', '42["a"]')),
  octets('length-missing', 'bytes without a length', packet(0, '', '42["a"]')),
  octets('length-endless', 'bytes whose length never ends', Buffer.alloc(400, 1)),
  octets(
    'digit-bad',
    'bytes whose length has a digit beyond 9',
    Buffer.concat([Buffer.of(0, 77, 0xff), Buffer.from('42["a"]')]),
  ),
  octets('flag-bad', 'bytes with an unknown flag', packet(7, '7', '42["a"]')),
  octets('empty', 'no bytes at all', Buffer.alloc(0)),
  octets('type-9', 'bytes that hold an unknown packet type', packet(1, '2', Buffer.of(9, 1))),
  octets('charset', 'text that claims to be bytes', Buffer.from('7:42["a"]')),
];
