/**
 * HTTP polling: handshakes, the life of a session, overlapping and aborted requests.
 */
import type { Case, HttpRequest, Revision, Step } from '../case.ts';
import { LIMIT_BYTES } from '../houses.ts';
import { abort, get, hold, http, joinedPolling, type Notes, poll, pollingAlive, post, responses } from '../steps.ts';

const one = (revision: Revision, id: string, name: string, steps: readonly Step[], notes: Notes = {}): Case => ({
  id: `polling-${revision}-${id}`,
  name: `${name}, revision ${revision}`,
  revision,
  steps,
  ...notes,
});

const both = (
  id: string,
  name: string,
  steps: (revision: Revision) => readonly Step[],
  four?: Notes,
  three?: Notes,
): Case[] => [one(4, id, name, steps(4), four), one(3, id, name, steps(3), three)];

const handshake = (revision: Revision, more = '', request: Partial<HttpRequest> = {}): Step =>
  http({ target: `/socket.io/?EIO=${revision}&transport=polling&key={key}${more}`, ...request });

/** Steps inside a session that has joined `/`, and whether it still works. */
const within = (
  id: string,
  name: string,
  steps: (revision: Revision) => readonly Step[],
  four?: Notes,
  three?: Notes,
): Case[] =>
  both(id, name, (revision) => [joinedPolling(revision), ...steps(revision), pollingAlive(revision)], four, three);

const packet = (revision: Revision, content: string): string =>
  revision === 4 ? content : `${content.length}:${content}`;
const event = (length: number): string => `42["m","${'x'.repeat(length - 9)}"]`;
/** A payload of exactly this many bytes. */
const payload = (revision: Revision, bytes: number): string => {
  const head = revision === 4 ? 0 : `${bytes}:`.length;
  return packet(revision, event(bytes - head));
};
/** A POST whose body stays one byte short. */
const halfSent = (revision: Revision): HttpRequest => ({
  ...post(revision, packet(revision, '42["a"]')),
  headers: [
    ['Content-Type', 'text/plain;charset=UTF-8'],
    ['Content-Length', '100'],
  ],
});

export const POLLING_CASES: readonly Case[] = [
  both('handshake', 'a handshake', (revision) => [handshake(revision), pollingAlive(revision)]),
  both('handshake-headers', 'the headers of a handshake', (revision) => [
    handshake(revision, '', {
      observe: ['access-control-allow-origin', 'cache-control', 'set-cookie'],
      headers: [['Origin', 'https://evil.example']],
    }),
    pollingAlive(revision),
  ]),
  both('handshake-post', 'a handshake by POST', (revision) => [handshake(revision, '', { method: 'POST', body: '' })]),
  both('handshake-put', 'a handshake by PUT', (revision) => [handshake(revision, '', { method: 'PUT' })]),
  both('handshake-head', 'a handshake by HEAD', (revision) => [handshake(revision, '', { method: 'HEAD' })]),
  both('handshake-options', 'a handshake by OPTIONS', (revision) => [handshake(revision, '', { method: 'OPTIONS' })]),
  both('handshake-sid-empty', 'an empty sid asks for a new session', (revision) => [
    handshake(revision, '&sid='),
    pollingAlive(revision),
  ]),
  both('sid-unknown', 'an unknown sid', (revision) => [handshake(revision, '&sid=abcdefghijklmnopqrst')]),
  both('sid-proto', 'the sid __proto__', (revision) => [handshake(revision, '&sid=__proto__')]),
  both('sid-to-string', 'the sid toString', (revision) => [handshake(revision, '&sid=toString')]),
  both('sid-constructor', 'the sid constructor', (revision) => [handshake(revision, '&sid=constructor')]),
  both('sid-nul', 'a sid that is a NUL', (revision) => [handshake(revision, '&sid=%00')]),
  both('sid-long', 'a sid of 3,000 characters', (revision) => [handshake(revision, `&sid=${'s'.repeat(3000)}`)]),
  both('sid-unknown-post', 'a POST for an unknown sid', (revision) => [
    handshake(revision, '&sid=abcdefghijklmnopqrst', { method: 'POST', body: '6' }),
  ]),
  both('transport-twice', 'two transports', (revision) => [
    handshake(revision, '&transport=polling'),
    pollingAlive(revision),
  ]),
  one(3, 'eio-missing', 'no revision means revision 3', [
    http({ target: '/socket.io/?transport=polling&key={key}' }),
    pollingAlive(3),
  ]),
  one(3, 'eio-5', 'an unknown revision means revision 3', [
    http({ target: '/socket.io/?EIO=5&transport=polling&key={key}' }),
    pollingAlive(3),
  ]),
  one(4, 'strict-3', 'revision 3 where only 4 is served', [handshake(3)], { house: 'strict' }),
  one(4, 'strict-5', 'revision 5 where only 4 is served', [http({ target: '/socket.io/?EIO=5&transport=polling' })], {
    house: 'strict',
  }),
  one(4, 'strict-missing', 'no revision where only 4 is served', [http({ target: '/socket.io/?transport=polling' })], {
    house: 'strict',
  }),
  one(4, 'origin-control', 'an origin with a byte that no header may carry', [
    handshake(4, '', { headers: [['Origin', 'https://\xe9']] }),
    pollingAlive(4),
  ]),
  one(4, 'websocket-only', 'polling where only WebSocket is served', [handshake(4)], { house: 'websocketOnly' }),
  one(4, 'silence', 'a client that joins nothing is closed after connectTimeout', [handshake(4), poll(4, 'never')], {
    house: 'strict',
  }),
  both('user-agent-msie', 'an old browser', (revision) => [
    handshake(revision, '', { headers: [['User-Agent', 'Mozilla;MSIE 10']], observe: ['x-xss-protection'] }),
    pollingAlive(revision),
  ]),

  within('event', 'an event', (revision) => [http(post(revision, packet(revision, '42["a",1]')))]),
  within('post-headers', 'the headers of an answer to a POST', (revision) => [
    http({ ...post(revision, packet(revision, '6')), observe: ['content-length', 'cache-control', 'set-cookie'] }),
  ]),
  one(4, 'revision-other', 'a poll with another revision', [joinedPolling(4), http(get(3)), pollingAlive(4)]),
  within('revision-other-post', 'a POST with another revision', (revision) => [
    http(post(revision === 4 ? 3 : 4, '6')),
  ]),
  one(4, 'revision-missing', 'a poll without a revision', [
    joinedPolling(4),
    http({ target: '/socket.io/?transport=polling&sid={sid}' }),
    pollingAlive(4),
  ]),
  within('transport-other', 'a plain GET that names the transport websocket', (revision) => [
    http({ target: `/socket.io/?EIO=${revision}&transport=websocket&sid={sid}` }),
  ]),
  within('put', 'a PUT', (revision) => [http({ ...get(revision), method: 'PUT' })]),
  within('delete', 'a DELETE', (revision) => [http({ ...get(revision), method: 'DELETE' })]),
  within('head', 'a HEAD', (revision) => [http({ ...get(revision), method: 'HEAD' })]),
  within('options', 'an OPTIONS', (revision) => [http({ ...get(revision), method: 'OPTIONS' })]),
  within('polls-overlap', 'a second poll while one is held', (revision) => [
    hold('first', get(revision)),
    hold('second', get(revision)),
    responses('first', 'second'),
  ]),
  within('posts-overlap', 'a second POST while one is half sent', (revision) => [
    hold('first', halfSent(revision)),
    http(post(revision, packet(revision, '6'))),
    responses('first'),
  ]),
  both('poll-aborted', 'a poll that the client gives up', (revision) => [
    joinedPolling(revision),
    hold('poll', get(revision)),
    abort('poll'),
  ]),
  both('post-aborted', 'a POST that the client gives up', (revision) => [
    joinedPolling(revision),
    hold('post', halfSent(revision)),
    abort('post'),
  ]),
  within('close', 'a close packet', (revision) => [http(post(revision, packet(revision, '1')))]),
  within('close-while-held', 'a close packet while a poll is held', (revision) => [
    hold('poll', get(revision)),
    http(post(revision, packet(revision, '1'))),
    responses('poll'),
  ]),
  within('event-then-close', 'an event right before a close packet', (revision) => [
    http(post(revision, revision === 4 ? '42["a"]\x1e1' : '7:42["a"]1:1')),
  ]),
  both('poll-after-error', 'a poll after nonsense', (revision) => [
    joinedPolling(revision),
    http(post(revision, 'xyz')),
    poll(revision, 'never'),
  ]),
  both('bye', 'the server disconnects', (revision) => [
    joinedPolling(revision),
    http(post(revision, packet(revision, '42["bye"]'))),
    poll(revision, 'never'),
  ]),
  both('bye-while-held', 'the server disconnects while a poll is held', (revision) => [
    joinedPolling(revision),
    hold('poll', get(revision)),
    http(post(revision, packet(revision, '42["bye"]'))),
    responses('poll'),
    poll(revision, 'never'),
  ]),
  one(4, 'disconnect', 'a DISCONNECT, and joining again', [
    joinedPolling(4),
    http(post(4, '41')),
    http(post(4, '40')),
    poll(4, '40'),
    pollingAlive(4),
  ]),
  within('violation', 'an event without a payload list', (revision) => [
    http(post(revision, packet(revision, '42{}'))),
  ]),
  within('binary', 'binary from the server', (revision) => [
    http(post(revision, packet(revision, '42["binary"]'))),
    poll(revision, '451-'),
  ]),

  within('at-limit', 'a body exactly as long as allowed', (revision) => [
    http(post(revision, payload(revision, LIMIT_BYTES))),
  ]),
  within('over-limit', 'a body one byte too long', (revision) => [
    http(post(revision, payload(revision, LIMIT_BYTES + 1))),
  ]),
  within('over-limit-endless', 'a body that passes the limit and goes on', (revision) => [
    http({
      ...post(revision, ''),
      headers: [
        ['Content-Type', 'text/plain'],
        ['Content-Length', '100000000'],
      ],
      body: payload(revision, LIMIT_BYTES + 1),
    }),
  ]),
  within('chunked', 'a body in chunks', (revision) => {
    const body = packet(revision, '42["a"]');
    return [
      http({
        ...post(revision, ''),
        headers: [
          ['Content-Type', 'text/plain'],
          ['Transfer-Encoding', 'chunked'],
        ],
        body: `2\r\n${body.slice(0, 2)}\r\n${(body.length - 2).toString(16)}\r\n${body.slice(2)}\r\n0\r\n\r\n`,
      }),
    ];
  }),
  within('body-latin', 'a body that is no UTF-8', (revision) => [
    http(post(revision, Buffer.from(revision === 4 ? '42["a","\xff"]' : '12:42["a","\xff"]', 'latin1'))),
  ]),
  within('content-type-missing', 'a body without a content type', (revision) => [
    http({ ...post(revision, packet(revision, '42["a"]')), headers: [] }),
  ]),
  within('content-type-json', 'a body that claims to be JSON', (revision) => [
    http(post(revision, packet(revision, '42["a"]'), 'application/json')),
  ]),
  within('get-with-body', 'a poll with a body', (revision) => [
    http(post(revision, packet(revision, '42["echo",1]'))),
    http({ ...get(revision), body: 'body' }),
  ]),
].flat();
