/**
 * Socket.IO packets of a revision 4 client that has not joined a namespace yet.
 */
import type { Case } from '../case.ts';
import { binary, text } from '../frame-bytes.ts';
import { alive, aliveAfterJoin, closing, type Notes, opened, read, say, send } from '../steps.ts';

/** Sends the packets, then joins `/` and sends an event, if it still can. */
const row = (id: string, name: string, packets: (string | Buffer)[], notes: Notes = {}): Case => ({
  id: `early-${id}`,
  name,
  revision: 4,
  steps: [
    ...opened(),
    send(...packets.map((packet) => (typeof packet === 'string' ? text(packet) : binary(packet)))),
    aliveAfterJoin,
  ],
  ...notes,
});

/** A CONNECT for `/` in other words. */
const joins = (id: string, name: string, packet: string): Case => ({
  id: `early-${id}`,
  name,
  revision: 4,
  steps: [...opened(), say(packet), read('4'), alive],
});

export const BEFORE_CONNECT_CASES: readonly Case[] = [
  row('event', 'an event before joining', ['42["a"]']),
  row('ack', 'an answer before joining', ['430["a"]']),
  row('disconnect', 'a DISCONNECT before joining', ['41']),
  row('error', 'an ERROR packet before joining', ['44"oops"']),
  row('attachment', 'an event with an attachment before joining', [
    '451-["a",{"_placeholder":true,"num":0}]',
    Buffer.of(1),
  ]),
  row('attachment-due', 'a CONNECT while an attachment is due', ['451-["a",{"_placeholder":true,"num":0}]']),
  row('binary', 'a binary message before joining', [Buffer.of(1)]),
  row('noop', 'a noop before joining', ['6']),
  row('pong', 'a pong before joining', ['3']),
  row('close', 'a close packet before joining', ['1']),
  row('ping', 'a ping before joining', ['2']),
  row('unknown', 'an unknown packet before joining', ['9']),
  row('connect-broken', 'a CONNECT of broken JSON', ['40{']),
  row('connect-list', 'a CONNECT with a list', ['40[1]']),
  row('connect-string', 'a CONNECT with a string', ['40"x"']),
  row('connect-null', 'a CONNECT with null', ['40null']),
  row('connect-true', 'a CONNECT with true', ['40true']),
  row('connect-letters', 'a CONNECT for a namespace without slash', ['40chat']),
  row('connect-proto-auth', 'a CONNECT whose payload has a key __proto__', ['40/chat,{"__proto__":{"polluted":1}}']),
  row('connect-nested-auth', 'a CONNECT whose payload is nested 5,000 deep', [
    `40/chat,{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  ]),
  row('connect-other', 'a CONNECT for another namespace first', ['40/chat,']),
  row('connect-other-id', 'a CONNECT with an ack id', ['40/chat,5']),
  row('connect-unknown', 'a CONNECT for an unknown namespace', ['40/nope,']),
  row('connect-unknown-bare', 'a CONNECT for an unknown namespace without comma', ['40/nope']),
  row('connect-unknown-auth', 'a CONNECT for an unknown namespace with a payload', ['40/nope,{"a":1}']),
  row('connect-unknown-long', 'a CONNECT for a namespace of 10,000 characters', [`40/${'n'.repeat(10_000)},`]),
  row('connect-unknown-again', 'two CONNECTs for an unknown namespace', ['40/nope,', '40/nope,']),
  row('connect-query', 'a CONNECT for a namespace with a query', ['40/chat?x=1,']),
  row('connect-query-unknown', 'a CONNECT for an unknown namespace with a query', ['40/a?b=c,']),
  row('connect-double-slash', 'a CONNECT for //', ['40//,']),
  row('connect-proto', 'a CONNECT for a namespace named __proto__', ['40/__proto__,']),
  row('connect-constructor', 'a CONNECT for a namespace named constructor', ['40/constructor,']),
  row('connect-quotes', 'a CONNECT for a namespace with quotes', ['40/"\\,']),
  row('connect-nul', 'a CONNECT for a namespace with a NUL', ['40/\0,']),
  row('event-behind-refused', 'an event for a namespace that was refused', ['40/nope,', '42/nope,["a"]']),
  joins('connect-number', 'a CONNECT with digits, which are an ack id', '401'),
  joins('connect-slash', 'a CONNECT for / by name', '40/,'),
  {
    id: 'early-silence',
    name: 'a client that joins nothing is closed after connectTimeout',
    revision: 4,
    house: 'strict',
    steps: [...opened(), closing],
  },
  {
    id: 'early-refused-silence',
    name: 'a client that was refused and joins nothing else is closed after connectTimeout',
    revision: 4,
    house: 'strict',
    steps: [...opened(), send(text('40/nope,')), closing],
  },
];
