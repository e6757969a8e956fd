/**
 * Requests that the application refuses: code 4 of the protocol, by polling, JSONP and WebSocket.
 */
import type { Case, HttpRequest, Revision, Step } from '../case.ts';
import { GOOD_ORIGIN, type HouseName } from '../houses.ts';
import { http, joinedPolling, type Notes, pollingAlive, post, upgrade } from '../steps.ts';

const EVIL_ORIGIN = 'https://evil.example';
const idOf = (revision: Revision, id: string): string => `refusal-${revision === 3 ? '3-' : ''}${id}`;
const url = (revision: Revision, transport: string, more: string): string =>
  `/socket.io/?EIO=${revision}&transport=${transport}&key={key}${more}`;

function row(
  revision: Revision,
  house: HouseName,
  id: string,
  name: string,
  steps: readonly Step[],
  notes: Notes = {},
): Case {
  const suffix = revision === 3 ? ', revision 3' : '';
  return { id: idOf(revision, id), name: `${name}${suffix}`, revision, house, steps, ...notes };
}

const polling = (revision: Revision, more: string, request: Partial<HttpRequest> = {}): Step =>
  http({ ...request, target: url(revision, 'polling', more) });

const guarded = (revision: Revision): Case[] => {
  const of = (id: string, name: string, steps: readonly Step[]): Case => row(revision, 'guarded', id, name, steps);
  return [
    of('polling', 'a polling handshake that allowRequest refuses', [polling(revision, '&refuse=')]),
    of('polling-message', 'a polling handshake that allowRequest refuses with a message', [
      polling(revision, '&refuse=not%20you'),
    ]),
    of('polling-quotes', 'a polling handshake that allowRequest refuses with quotes and letters beyond ASCII', [
      polling(revision, '&refuse=%22%3Cb%3E%C3%A9%22'),
    ]),
    of('polling-good', 'a polling handshake that allowRequest admits', [polling(revision, ''), pollingAlive(revision)]),
    of('jsonp', 'a JSONP handshake that allowRequest refuses', [polling(revision, '&j=0&refuse=')]),
    of('websocket', 'a WebSocket handshake that allowRequest refuses', [
      upgrade('a', url(revision, 'websocket', '&refuse=')),
    ]),
    of('websocket-message', 'a WebSocket handshake that allowRequest refuses with a message', [
      upgrade('a', url(revision, 'websocket', '&refuse=not%20you')),
    ]),
    of('transport', 'a request that is wrong before allowRequest is asked', [
      http({ target: url(revision, 'carrier-pigeon', '&refuse=') }),
    ]),
    of('method', 'a handshake by POST that allowRequest would refuse', [
      polling(revision, '&refuse=', { method: 'POST' }),
    ]),
    of('session', 'a post of a session, which allowRequest is not asked about', [
      joinedPolling(revision),
      http({ ...post(revision, '6'), target: `${post(revision, '6').target}&refuse=` }),
      pollingAlive(revision),
    ]),
  ];
};

const origin = (id: string, name: string, value: string): Case =>
  row(3, 'origins', `origins-${id}`, name, [polling(3, '', { headers: [['Origin', value]] }), pollingAlive(3)]);

export const REFUSAL_CASES: readonly Case[] = [
  ...guarded(3),
  ...guarded(4),
  origin('evil', 'a polling handshake from a page that origins does not name', EVIL_ORIGIN),
  origin('good', 'a polling handshake from the page that origins names', GOOD_ORIGIN),
];
