/**
 * Joining, leaving and using a second namespace: cases that wait for each answer, because what overtakes it is chance.
 */
import type { Case, Revision, Step } from '../case.ts';
import { alive, joined, type Notes, read, say, settled } from '../steps.ts';

const one = (revision: Revision, id: string, name: string, steps: readonly Step[], notes: Notes = {}): Case => ({
  id: `namespace-${revision}-${id}`,
  name: `${name}, revision ${revision}`,
  revision,
  steps: [joined(revision), ...steps, alive],
  ...notes,
});

const both = (id: string, name: string, steps: readonly Step[], four?: Notes, three?: Notes): Case[] => [
  one(4, id, name, steps, four),
  one(3, id, name, steps, three),
];

/** Joins /chat and waits for the answer, whichever it is. */
const chat = (connect = '40/chat,'): Step[] => [say(connect), read('4')];

export const NAMESPACE_CASES: readonly Case[] = [
  both('join', 'a second namespace', chat()),
  both('join-bare', 'a second namespace without comma', chat('40/chat')),
  both('join-id', 'a second namespace with an ack id', chat('40/chat,5')),
  both('join-again', 'a second namespace that was joined already', [...chat(), say('40/chat,')]),
  both('join-query', 'a second namespace with a query', chat('40/chat?x=1,')),
  both('join-garbage', 'a second namespace with garbage for a payload', [say('40/chat,garbage')]),
  both('join-unknown', 'an unknown namespace', chat('40/nope,')),
  both('join-unknown-again', 'an unknown namespace twice', [...chat('40/nope,'), ...chat('40/nope,')]),
  both('join-unknown-query', 'an unknown namespace with a query', chat('40/nope?x=1,')),
  both('join-proto', 'a namespace named __proto__', chat('40/__proto__,')),
  both('event', 'an event for the second namespace', [...chat(), say('42/chat,["a",1]')]),
  both('event-attachment-due', 'an event for another namespace while an attachment is due', [
    ...chat(),
    say('451-["a",{"_placeholder":true,"num":0}]', '42/chat,["b"]'),
  ]),
  one(4, 'disconnect', 'leaving / and joining it again', [say('41'), ...settled, say('40'), read('40{'), ...chat()]),
  one(4, 'disconnect-event', 'an event for / right before leaving it', [
    say('42["a"]', '41'),
    ...settled,
    say('40'),
    read('40{'),
  ]),
  both('leave', 'leaving the second namespace', [...chat(), say('41/chat,')]),
  both('leave-bare', 'leaving the second namespace without comma', [...chat(), say('41/chat')]),
  both('leave-twice', 'leaving the second namespace twice', [...chat(), say('41/chat,'), ...settled, say('41/chat,')]),
  both('leave-event', 'an event for a namespace that was left', [
    ...chat(),
    say('41/chat,'),
    ...settled,
    say('42/chat,["a"]'),
  ]),
  both('rejoin', 'joining a namespace again', [...chat(), say('41/chat,'), ...settled, ...chat()]),
  both('violation', 'a violation in one namespace ends the others', [...chat(), say('42/chat,{}')]),
].flat();
