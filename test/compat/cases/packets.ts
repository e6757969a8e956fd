/**
 * Socket.IO packets over WebSocket after joining `/`: one table, sent by clients of both revisions.
 */
import type { Case, Revision } from '../case.ts';
import { binary, text } from '../frame-bytes.ts';
import { alive, joined, type Notes, send } from '../steps.ts';

type Frames = (string | Buffer)[];

const framesOf = (revision: Revision, packets: Frames): Buffer[] =>
  packets.map((packet) => {
    if (typeof packet === 'string') return text(`4${packet}`);
    return binary(revision === 3 ? Buffer.concat([Buffer.of(4), packet]) : packet);
  });

const one = (revision: Revision, id: string, name: string, packets: Frames, notes: Notes = {}): Case => ({
  id: `packet-${revision}-${id}`,
  name: `${name}, revision ${revision}`,
  revision,
  steps: [joined(revision), send(...framesOf(revision, packets)), alive],
  ...notes,
});

/** The same packets from both; strings are text, buffers attachments. */
const both = (id: string, name: string, packets: Frames, four: Notes = {}, three: Notes = {}): Case[] => [
  one(4, id, name, packets, four),
  one(3, id, name, packets, three),
];

const nested = (depth: number): string => `2["again",${'['.repeat(depth)}${']'.repeat(depth)}]`;
const A = Buffer.of(1, 2);
const B = Buffer.of(3);

export const PACKET_CASES: readonly Case[] = [
  both('type-7', 'the first unknown packet type', ['7']),
  both('type-9', 'an unknown packet type', ['9']),
  both('type-letter', 'a letter for a packet type', ['a']),
  both('event', 'an event', ['2["a",1,"two",null,{"x":[true]}]']),
  both('event-bare', 'an event without payload', ['2']),
  both('event-object', 'an event that is an object', ['2{"a":1}']),
  both('event-empty', 'an event that is an empty list', ['2[]']),
  both('event-string', 'an event that is a string', ['2"a"']),
  both('event-null', 'an event that is null', ['2null']),
  both('event-broken', 'an event of broken JSON', ['2["a"']),
  both('event-garbage', 'an event of no JSON at all', ['2xyz']),
  both('event-trailing', 'an event with something behind it', ['2["a"]x']),
  both('event-space', 'an event with white space around it', ['2 ["a"] ']),
  both('event-minus', 'an event with a negative ack id', ['2-1["a"]']),
  both('name-null', 'an event named null', ['2[null]']),
  both('name-true', 'an event named true', ['2[true]']),
  both('name-number', 'an event named by a number', ['2[1,2]']),
  both('name-list', 'an event named by a list', ['2[["a"]]']),
  both('name-object', 'an event named by an object with toString', ['2[{"toString":"foo"}]']),
  both('name-empty', 'an event with an empty name', ['2[""]']),
  both('name-long', 'an event with a name of 10,000 characters', [`2["${'n'.repeat(10_000)}"]`]),
  both('name-connect', 'an event named connect', ['2["connect"]']),
  both('name-connect-error', 'an event named connect_error', ['2["connect_error"]']),
  both('name-disconnect', 'an event named disconnect', ['2["disconnect"]']),
  both('name-disconnecting', 'an event named disconnecting', ['2["disconnecting"]']),
  both('name-new-listener', 'an event named newListener', ['2["newListener"]']),
  both('name-remove-listener', 'an event named removeListener', ['2["removeListener"]']),
  both('name-error', 'an event named error', ['2["error","x"]']),
  both('name-error-bare', 'an event named error without an argument', ['2["error"]']),
  both('name-proto', 'an event named __proto__', ['2["__proto__",1]']),
  both('name-constructor', 'an event named constructor', ['2["constructor"]']),
  both('name-to-string', 'an event named toString', ['2["toString",1]']),
  both('name-nul', 'an event named by a NUL', ['2["\\u0000"]']),
  both('data-proto', 'an argument with a key __proto__', ['2["merge",{"__proto__":{"polluted":1}}]']),
  both('data-duplicate-keys', 'an argument with one key twice', ['2["a",{"x":1,"x":2}]']),
  both('data-huge-number', 'a number beyond all doubles', ['2["a",1e309]']),
  both('data-lone-surrogate', 'an escaped lone surrogate', ['2["a","\\ud800"]']),
  both('data-many-arguments', '5,000 arguments', [`2["a"${',1'.repeat(5000)}]`]),
  both('depth-20', 'a payload nested 20 deep', [nested(20)]),
  both('depth-5000', 'a payload nested 5,000 deep, which the application sends on', [nested(5000)]),
  both('depth-objects', 'objects nested 1,500 deep', [`2["again",${'{"a":'.repeat(1500)}1${'}'.repeat(1500)}]`]),
  both('depth-in-string', 'brackets inside a string are no nesting', [`2["a","${'['.repeat(79)}"]`]),
  both('ack-id', 'an event that asks for an answer', ['20["a"]']),
  both('ack-id-zeros', 'an ack id with leading zeros', ['2007["a"]']),
  both('ack-id-unsafe', 'an ack id beyond the safe integers', ['299999999999999999999["a"]']),
  both('ack-id-endless', 'an ack id of 15,000 digits', [`2${'1'.repeat(15_000)}["a"]`]),
  both('ack-id-only', 'digits without a payload', ['212345']),
  both('ack-without-id', 'an answer without an id', ['3["a"]']),
  both('ack-unknown', 'an answer to a question nobody asked', ['3999["a"]']),
  both('ack-unsafe', 'an answer with an id beyond the safe integers', ['399999999999999999999["a"]']),
  both('ack-bare', 'an answer without id and payload', ['3']),
  both('ack-unknown-bare', 'an answer without payload', ['3999']),
  both('ack-object', 'an answer that is an object', ['30{"a":1}']),
  both('ack-broken', 'an answer of broken JSON', ['30["a"']),
  both('connect-again', 'a second CONNECT', ['0']),
  both('connect-again-auth', 'a second CONNECT with a payload', ['0{"a":1}']),
  both('disconnect-payload', 'a DISCONNECT with a payload', ['1{"a":1}']),
  both('disconnect-not-joined', 'a DISCONNECT for a namespace that was not joined', ['1/chat,']),
  both('event-not-joined', 'an event for a namespace that was not joined', ['2/chat,["a"]']),
  both('event-unknown-namespace', 'an event for a namespace that does not exist', ['2/zzz,["a"]']),
  both('event-no-comma', 'an event whose namespace has no comma', ['2/chat["a"]']),
  both('event-slash', 'an event for / by name', ['2/,["a"]']),
  both('error', 'an ERROR packet from the client', ['4"oops"']),
  both('error-object', 'an ERROR packet with an object', ['4{"message":"oops"}']),
  both('error-bare', 'an ERROR packet without payload', ['4']),

  both('attachment', 'an event with an attachment', ['51-["a",{"_placeholder":true,"num":0}]', A]),
  both('attachments', 'an event with two attachments', [
    '52-["a",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]',
    A,
    B,
  ]),
  both('attachment-ack-id', 'an event with an attachment that asks for an answer', [
    '51-7["a",{"_placeholder":true,"num":0}]',
    A,
  ]),
  both('attachment-answer-unknown', 'an answer with an attachment to a question nobody asked', [
    '61-999[{"_placeholder":true,"num":0}]',
    A,
  ]),
  both('attachments-0', 'an event that announces no attachment', ['50-["a"]']),
  both('attachments-10', 'an event with as many attachments as allowed', [
    '510-["a"]',
    ...Array.from({ length: 10 }, () => B),
  ]),
  both('attachments-11', 'an event that announces one attachment too many', ['511-["a"]']),
  both('attachments-many', 'an event that announces 99,999,999,999 attachments', ['599999999999-["a"]']),
  both('attachments-digits', 'an announcement of 15,000 digits', [`5${'1'.repeat(15_000)}-["a"]`]),
  both('attachments-missing', 'an announcement without a number', ['5-["a"]']),
  both('attachments-negative', 'an announcement of a negative number', ['5-1-["a"]']),
  both('attachments-fraction', 'an announcement of a fraction', ['51.5-["a"]']),
  both('attachments-no-dash', 'an announcement without its dash', ['51["a"]']),
  both('attachments-no-digits', 'a binary event without any announcement', ['5["a"]']),
  both('attachments-object', 'a binary event that is an object', ['51-{"a":1}']),
  both('attachments-broken', 'a binary event of broken JSON', ['51-["a"']),
  both('attachments-unused', 'an attachment that no placeholder names', ['51-["a"]', A]),
  both('attachments-same', 'two placeholders for one attachment', [
    '51-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]',
    A,
  ]),
  both('placeholder-name', 'a placeholder for an event name', ['51-[{"_placeholder":true,"num":0}]', A]),
  both('placeholder-fraction', 'a placeholder with a fraction', ['51-["a",{"_placeholder":true,"num":0.5}]', A]),
  both('placeholder-negative', 'a placeholder with a negative number', ['51-["a",{"_placeholder":true,"num":-1}]', A]),
  both('placeholder-range', 'a placeholder out of range', ['51-["a",{"_placeholder":true,"num":1}]', A]),
  both('placeholder-method', 'a placeholder that names a method', ['51-["a",{"_placeholder":true,"num":"splice"}]', A]),
  both('placeholder-text', 'a placeholder whose number is text', ['51-["a",{"_placeholder":true,"num":"0"}]', A]),
  both('placeholder-bare', 'a placeholder without a number', ['51-["a",{"_placeholder":true}]', A]),
  both('placeholder-null', 'a placeholder whose number is null', ['51-["a",{"_placeholder":true,"num":null}]', A]),
  both('placeholder-huge', 'a placeholder whose number is infinite', ['51-["a",{"_placeholder":true,"num":1e400}]', A]),
  both('placeholder-one', 'a placeholder that says 1 for true', ['51-["a",{"_placeholder":1,"num":0}]', A]),
  both('placeholder-in-text', 'a placeholder in an event without attachments', [
    '2["a",{"_placeholder":true,"num":0}]',
  ]),
  both('attachment-due-text', 'an event while an attachment is due', [
    '51-["a",{"_placeholder":true,"num":0}]',
    '2["b"]',
  ]),
  both('attachment-due-header', 'a second header while an attachment is due', ['51-["a"]', '51-["b"]']),
  both('attachment-due-disconnect', 'a DISCONNECT while an attachment is due', ['51-["a"]', '1']),
  both('attachment-stray', 'an attachment too many', ['51-["a",{"_placeholder":true,"num":0}]', A, B]),
  both('attachment-not-joined', 'an attachment for a namespace that was not joined', ['51-/chat,["a"]', A]),
  [
    one(4, 'attachment-due-pong', 'a heartbeat while an attachment is due', []),
    one(3, 'attachment-due-ping', 'a heartbeat while an attachment is due', []),
  ].map((subject) => ({
    ...subject,
    steps: [
      joined(subject.revision),
      send(text('451-["a",{"_placeholder":true,"num":0}]'), text(subject.revision === 4 ? '3' : '2')),
      send(...framesOf(subject.revision, [A])),
      alive,
    ],
  })),
].flat();
