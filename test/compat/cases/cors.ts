/**
 * Requests from pages of other origins, where one foreign origin is allowed.
 */
import type { Case, HttpRequest, Step } from '../case.ts';
import { GOOD_ORIGIN } from '../houses.ts';
import { get, http, joinedPolling, type Notes, pollingAlive, post, upgrade } from '../steps.ts';

const OBSERVE = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'vary',
];
const EVIL_ORIGIN = 'https://evil.example';
const HANDSHAKE = '/socket.io/?EIO=4&transport=polling&key={key}';

const row = (id: string, name: string, steps: readonly Step[], notes: Notes = {}): Case => ({
  id: `cors-${id}`,
  name,
  revision: 4,
  house: 'cors',
  steps,
  ...notes,
});

const from = (origin: string, request: HttpRequest): Step =>
  http({ ...request, headers: [...(request.headers ?? []), ['Origin', origin]], observe: OBSERVE });

export const CORS_CASES: readonly Case[] = [
  row('handshake', 'a handshake from the allowed origin', [from(GOOD_ORIGIN, { target: HANDSHAKE }), pollingAlive(4)]),
  row('handshake-evil', 'a handshake from another origin', [from(EVIL_ORIGIN, { target: HANDSHAKE }), pollingAlive(4)]),
  row('handshake-none', 'a handshake without an origin', [
    http({ target: HANDSHAKE, observe: OBSERVE }),
    pollingAlive(4),
  ]),
  row('preflight', 'a preflight from the allowed origin', [
    from(GOOD_ORIGIN, {
      method: 'OPTIONS',
      target: HANDSHAKE,
      headers: [
        ['Access-Control-Request-Method', 'POST'],
        ['Access-Control-Request-Headers', 'content-type,x-token'],
      ],
    }),
  ]),
  row('preflight-evil', 'a preflight from another origin', [
    from(EVIL_ORIGIN, { method: 'OPTIONS', target: HANDSHAKE }),
  ]),
  row('error', 'an error response', [from(GOOD_ORIGIN, { target: '/socket.io/?EIO=4&transport=carrier-pigeon' })]),
  row('post', 'a POST', [joinedPolling(4), from(GOOD_ORIGIN, post(4, '6')), pollingAlive(4)]),
  row('post-evil', 'a POST from another origin', [joinedPolling(4), from(EVIL_ORIGIN, post(4, '6')), pollingAlive(4)]),
  row('put', 'a PUT for a session', [
    joinedPolling(4),
    from(GOOD_ORIGIN, { ...get(4), method: 'PUT' }),
    pollingAlive(4),
  ]),
  row('websocket', 'a WebSocket from the allowed origin', [
    upgrade('a', '/socket.io/?EIO=4&transport=websocket&key={key}', [['Origin', GOOD_ORIGIN]]),
    { do: 'read', socket: 'a', prefix: 'text 0' },
    { do: 'end', socket: 'a' },
    { do: 'closing', socket: 'a' },
  ]),
  row('websocket-evil', 'a WebSocket from another origin', [
    upgrade('a', '/socket.io/?EIO=4&transport=websocket&key={key}', [['Origin', EVIL_ORIGIN]]),
    { do: 'read', socket: 'a', prefix: 'text 0' },
    { do: 'end', socket: 'a' },
    { do: 'closing', socket: 'a' },
  ]),
];
