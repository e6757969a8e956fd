/**
 * Polling through script tags: responses are calls, bodies are forms.
 */
import type { Case, Revision, Step } from '../case.ts';
import { eachRevision, get, http, joinedPolling, type Notes, pollingAlive, post } from '../steps.ts';

const FORM = 'application/x-www-form-urlencoded';

const both = eachRevision('jsonp');

const handshake = (revision: Revision, index: string): Step =>
  http({
    target: `/socket.io/?EIO=${revision}&transport=polling&j=${index}&key={key}`,
    observe: ['x-content-type-options'],
  });

/** Posts a form in a session opened with index 0, then asks whether it still works. */
const form = (id: string, name: string, body: (revision: Revision) => string, four?: Notes, three?: Notes): Case[] =>
  both(
    id,
    name,
    (revision) => [
      joinedPolling(revision, '&j=0'),
      http(post(revision, body(revision), FORM, '&j=0')),
      pollingAlive(revision, '&j=0'),
    ],
    four,
    three,
  );

const wrap = (revision: Revision, content: string): string =>
  revision === 4 ? content : `${content.length}:${content}`;

export const JSONP_CASES: readonly Case[] = [
  both('handshake', 'a handshake', (revision) => [handshake(revision, '0'), pollingAlive(revision, '&j=0')]),
  both('index-7', 'an index', (revision) => [handshake(revision, '7'), pollingAlive(revision, '&j=0')]),
  both('index-code', 'an index that is code', (revision) => [
    handshake(revision, 'alert(1)//'),
    pollingAlive(revision, '&j=0'),
  ]),
  both('index-letters', 'an index without digits', (revision) => [
    handshake(revision, 'abc'),
    pollingAlive(revision, '&j=0'),
  ]),
  both('index-empty', 'an empty index', (revision) => [handshake(revision, ''), pollingAlive(revision, '&j=0')]),
  both('index-fixed', 'the index of the handshake is kept', (revision) => [
    joinedPolling(revision, '&j=3'),
    http(post(revision, `d=${encodeURIComponent(wrap(revision, '42["echo",1]'))}`, FORM, '&j=3')),
    http(get(revision, '&j=5')),
    http(post(revision, `d=${encodeURIComponent(wrap(revision, '1'))}`, FORM, '&j=3')),
  ]),
  form('event', 'an event', (revision) => `d=${encodeURIComponent(wrap(revision, '42["a",1]'))}`),
  form('newline', 'an escaped newline', (revision) => `d=${encodeURIComponent(wrap(revision, '42["a","x\\\\ny"]'))}`),
  form(
    'plus',
    'plus signs and percent signs',
    (revision) => `d=${encodeURIComponent(wrap(revision, '42["a","+%2B"]'))}`,
  ),
  form('d-missing', 'a form without d', () => 'x=1'),
  form('d-twice', 'a form with two d', () => 'd=6&d=6'),
  form('d-empty', 'a form with an empty d', () => 'd='),
  form('body-empty', 'an empty form', () => ''),
  form('body-plain', 'a body that is no form', (revision) => wrap(revision, '42["a"]')),
  form('body-broken', 'a form with a broken escape', () => 'd=%zz'),
].flat();
