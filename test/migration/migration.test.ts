/**
 * Programs written for Socket.IO run on Broadside with nothing changed but the import: their clients cannot tell.
 */
import assert from 'node:assert/strict';
import type { Server as HttpServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { fetchWhole } from '../support/poller.ts';
import { chat as chat2 } from './chat-2.ts';
import { chat as chat4 } from './chat-4.ts';
import { Person, transcript } from './person.ts';

const require = createRequire(import.meta.url);
const POLLING = { transports: ['polling'] };

type Transcript = Record<string, unknown>;

async function withChat(
  { http, io }: { http: HttpServer; io: { close(): unknown } },
  script: (port: number, people: Person[]) => Promise<Transcript>,
): Promise<Transcript> {
  await new Promise<void>((resolve) => http.listen(0, resolve));
  const people: Person[] = [];
  try {
    const extra = await script((http.address() as AddressInfo).port, people);
    return { ...transcript(people), ...extra };
  } finally {
    for (const person of people) person.leave();
    const closed = new Promise((resolve) => http.once('close', resolve));
    io.close();
    await closed;
  }
}

const EVENTS_2 = ['welcome', 'user joined', 'user left', 'room', 'said', 'typing', 'shout', 'private', 'picture'];
EVENTS_2.push('question', 'result', 'trouble', 'announcement', 'announced', 'stats');

async function script2(port: number, people: Person[]): Promise<Transcript> {
  const open = (name: string, query: object, options: object = {}, namespace = '/'): Person => {
    const person = new Person(name, 2, port, EVENTS_2, { query, ...options } as object, namespace);
    people.push(person);
    return person;
  };
  const ann = await open('ann', { name: 'ann' }).settled();
  const bob = await open('bob', { name: 'bob' }, POLLING).settled();
  await ann.hears('user joined');
  const cyd = await open('cyd', { name: 'cyd' }).settled();
  await Promise.all([ann.hears('user joined', 2), bob.hears('user joined')]);
  await open('nobody', {}).settled();
  await open('second ann', { name: 'ann' }).settled();
  const everybody = [ann, bob, cyd];
  const sync = (): Promise<void> => hearAll(everybody);
  await joinRooms(ann, bob, cyd);
  await ann.ask('say', 'a', '  hello  ');
  await bob.ask('say', 'a', 'hi ü 🙂');
  await sync();
  await cyd.ask('history', 'a');
  await ann.ask('who', 'a');
  await cyd.ask('who', 'empty');
  bob.tell('typing', 'a');
  await ann.hears('typing');
  cyd.tell('shout', 'to both');
  await Promise.all(everybody.map((person) => person.hears('shout')));
  await sync();
  await ann.ask('private', 'cyd', 'psst');
  await ann.ask('private', 'nobody', 'psst');
  await sync();
  await bob.ask('picture', Buffer.from([1, 2, 250]));
  await sync();
  ann.tell('forbidden', 1);
  await ann.hears('error');
  await bob.ask('leave', 'b');
  await sync();
  bob.tell('quiz', 'b'); // cyd is the only one left there
  await cyd.hears('result');
  const get = async (path: string): Promise<string> => (await fetchWhole(`http://127.0.0.1:${port}${path}`)).body;
  const pages = [await get('/online'), await get('/members/a'), await get('/members/none'), await get('/nowhere')];
  await open('stranger', { name: 'dan', password: 'wrong' }, {}, '/admin').settled();
  await ann.hears('user joined', 3);
  const boss = await open('boss', { name: 'boss', password: 'secret' }, {}, '/admin').settled();
  await Promise.all(
    everybody.map((person) => person.hears('user joined', person === cyd ? 2 : person === bob ? 3 : 4)),
  );
  boss.tell('announce', 'closing time');
  await Promise.all([boss.hears('announced'), ...everybody.map((person) => person.hears('announcement'))]);
  await boss.ask('kick', 'cyd');
  await Promise.all([cyd.hears('disconnect'), ann.hears('user left'), bob.hears('user left')]);
  everybody.pop();
  await sync();
  bob.client.disconnect();
  await ann.hears('user left', 2);
  await ann.ask('who', 'a');
  return { pages };
}

/** What was sent before an answer has come before it. */
async function hearAll(people: readonly Person[]): Promise<void> {
  for (const person of people) await person.ask('history', 'nowhere');
}

/** Ann and Bob are in room a, Bob and Cyd in room b; one join at a time, since each is told to others. */
async function joinRooms(ann: Person, bob: Person, cyd: Person): Promise<void> {
  for (const [person, room] of [
    [ann, 'a'],
    [bob, 'a'],
    [bob, 'b'],
    [cyd, 'b'],
  ] as const) {
    await person.ask('join', room);
    await hearAll([ann, bob, cyd]);
  }
}

const EVENTS_4 = [
  'welcome',
  'room',
  'said',
  'typing',
  'shout',
  'private',
  'picture',
  'question',
  'announcement',
  'left',
  'stats',
];

async function script4(port: number, people: Person[]): Promise<Transcript> {
  const open = (name: string, auth: object, options: object = {}, namespace = '/'): Person => {
    const person = new Person(name, 4, port, EVENTS_4, { auth, ...options } as object, namespace);
    people.push(person);
    return person;
  };
  const ann = await open('ann', { name: 'ann' }).settled();
  const bob = await open('bob', { name: 'bob' }, POLLING).settled();
  const cyd = await open('cyd', { name: 'cyd' }, { transports: ['polling', 'websocket'] }).settled();
  await open('nobody', {}).settled();
  const everybody = [ann, bob, cyd];
  const sync = (): Promise<void> => hearAll(everybody);
  await joinRooms(ann, bob, cyd);
  await ann.ask('say', 'a', 'hello');
  await bob.ask('say', 'a', 'hi ü 🙂');
  await sync();
  bob.tell('say', 'a', '');
  await bob.hears('room', 2);
  await cyd.ask('history', 'a');
  await ann.ask('who', 'a');
  await cyd.ask('who', 'empty');
  await cyd.ask('shout', 'not to b', 'b');
  await cyd.ask('shout', 'to both', 'none');
  await sync();
  await ann.ask('private', 'cyd', 'psst');
  await ann.ask('private', 'nobody', 'psst');
  await sync();
  await bob.ask('picture', Buffer.from([1, 2, 250]));
  await sync();
  await ann.ask('poll', 'a', 'agreed?');
  await cyd.ask('impatient');
  await ann.ask('connection');
  await bob.ask('connection');
  await cyd.ask('move', 'a', 'c');
  await ann.ask('leave', 'c');
  await sync();
  await open('stranger', { password: 'wrong' }, {}, '/admin-x').settled();
  await open('lost', { password: 'secret' }, {}, '/nowhere').settled();
  const boss = await open('boss', { password: 'secret' }, {}, '/admin-x').settled();
  await boss.ask('announce', 'closing time');
  await sync();
  await boss.ask('kick', 'cyd', false);
  await boss.ask('kick', 'nobody', true);
  await Promise.all([cyd.hears('disconnect'), ann.hears('left'), bob.hears('left')]);
  everybody.pop();
  await sync();
  bob.client.disconnect();
  await ann.hears('left', 2);
  const url = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
  const { headers } = await fetchWhole(url, { headers: { Origin: 'http://chat.example' } });
  return {
    origin: headers['access-control-allow-origin'],
    other: (await fetchWhole(`http://127.0.0.1:${port}/`)).status,
  };
}

/** How much was heard, by all together. */
const steps = (seen: Transcript): number =>
  Object.values(seen).reduce<number>((sum, part) => sum + (Array.isArray(part) ? part.length : 0), 0);

describe('a program written for Socket.IO', () => {
  it('2.x runs unchanged: what every client heard is the same', async () => {
    const expected = await withChat(chat2(require('socket.io-2')), script2);
    const got = await withChat(chat2((await import('../../core/index.ts')).default), script2);
    assert.ok(steps(expected) > 60, `the script ended after ${steps(expected)} steps`);
    assert.deepEqual(got, expected);
  });

  it('4.x runs unchanged: what every client heard is the same', async () => {
    const expected = await withChat(chat4(await import('socket.io')), script4);
    // Classes of Socket.IO have private members, so no other class counts as one; types.test.ts compiles the program.
    const broadside = (await import('../../core/index.ts')) as unknown as typeof import('socket.io');
    const got = await withChat(chat4(broadside), script4);
    assert.ok(steps(expected) > 60, `the script ended after ${steps(expected)} steps`);
    assert.deepEqual(got, expected);
  });
});
