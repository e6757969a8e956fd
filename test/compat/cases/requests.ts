/**
 * Plain HTTP requests that open no session: what is refused, and HTTP that is wrong or odd by itself.
 */
import type { Case, HttpRequest, RawRequest, Revision } from '../case.ts';
import { http, type Notes } from '../steps.ts';

const row = (id: string, name: string, request: HttpRequest | RawRequest, notes: Notes = {}): Case => ({
  id: `http-${id}`,
  name,
  revision: 4,
  steps: [http(request)],
  ...notes,
});

const target = (id: string, name: string, query: string, notes?: Notes): Case =>
  row(id, name, { target: `/socket.io/?${query}` }, notes);

const legacy = (id: string, name: string, request: HttpRequest, notes: Notes = {}): Case => ({
  ...row(`3-${id}`, `${name}, revision 3`, request, notes),
  revision: 3 as Revision,
});

/** uWebSockets.js waits for the rest of what it cannot read. */
const SLOW: Notes = { slow: true };

const HEAD = 'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n';

export const REQUEST_CASES: readonly Case[] = [
  target('transport-missing', 'no transport', 'EIO=4'),
  target('transport-unknown', 'an unknown transport', 'EIO=4&transport=carrier-pigeon'),
  target('transport-proto', 'the transport __proto__', 'EIO=4&transport=__proto__'),
  target('transport-constructor', 'the transport constructor', 'EIO=4&transport=constructor'),
  target('transport-empty', 'an empty transport', 'EIO=4&transport='),
  target('query-empty', 'no query at all', ''),
  target('websocket-plain', 'a plain GET that names the transport websocket', 'EIO=4&transport=websocket'),
  target(
    'websocket-sid-unknown',
    'an unknown sid with the transport websocket',
    'EIO=4&transport=websocket&sid=abcdefghijklmnopqrst',
  ),
  target(
    'websocket-sid-proto',
    'the sid __proto__ with the transport websocket',
    'EIO=4&transport=websocket&sid=__proto__',
  ),
  row('websocket-post', 'a POST that names the transport websocket', {
    method: 'POST',
    target: '/socket.io/?EIO=4&transport=websocket',
    body: '40',
  }),
  row('websocket-head', 'a HEAD that names the transport websocket', {
    method: 'HEAD',
    target: '/socket.io/?EIO=4&transport=websocket',
  }),
  row('path-other', 'another path', { target: '/other/' }),
  row('path-no-slash', 'the path without its slash', { target: '/socket.io?EIO=4&transport=websocket' }),
  row('path-longer', 'a path that only begins alike', { target: '/socket.iox/?EIO=4&transport=websocket' }),
  row('path-dots', 'a path with an escaped parent', { target: '/socket.io/%2e%2e/?EIO=4&transport=websocket' }),
  row('path-nul', 'a path with an escaped NUL', { target: '/socket.io/%00?EIO=4&transport=websocket' }),
  row('path-absolute', 'an absolute URL', { target: 'http://localhost/socket.io/?EIO=4&transport=websocket' }),
  row('path-asterisk', 'OPTIONS for the whole server', { method: 'OPTIONS', target: '*' }),
  row(
    'origin-control',
    'an origin with a control character',
    {
      target: '/socket.io/?EIO=4&transport=websocket',
      headers: [['Origin', 'https://a\x01b']],
    },
    SLOW,
  ),
  row('origin-latin', 'an origin with a byte beyond ASCII', {
    target: '/socket.io/?EIO=4&transport=websocket',
    headers: [['Origin', 'https://\xe9']],
  }),
  row('expect', 'an expectation to be told to continue', {
    method: 'POST',
    target: '/socket.io/?EIO=4&transport=websocket',
    headers: [['Expect', '100-continue']],
    body: '40',
  }),

  row('garbage', 'bytes that are no HTTP', { raw: 'hello\r\n\r\n' }, SLOW),
  row('binary', 'bytes that are no text', { raw: Buffer.from('160301020001000\r\n\r\n', 'latin1') }, SLOW),
  row('host-missing', 'no Host', { raw: `${HEAD}\r\n` }, SLOW),
  row('host-twice', 'two Hosts', { raw: `${HEAD}Host: a\r\nHost: b\r\n\r\n` }),
  row('header-no-colon', 'a header without colon', { raw: `${HEAD}Host: a\r\nbroken\r\n\r\n` }, SLOW),
  row('header-space', 'a header with a space before the colon', { raw: `${HEAD}Host: a\r\nX : b\r\n\r\n` }, SLOW),
  row('header-nul', 'a header with a NUL', { raw: `${HEAD}Host: a\r\nX: a\0b\r\n\r\n` }, SLOW),
  row('header-control', 'a header with a control character', { raw: `${HEAD}Host: a\r\nX: a\x01b\r\n\r\n` }, SLOW),
  row('header-folded', 'a folded header', { raw: `${HEAD}Host: a\r\nX: a\r\n b\r\n\r\n` }, SLOW),
  row('bare-newlines', 'lines that end without a carriage return', {
    raw: 'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\nHost: a\n\n',
  }),
  row('target-space', 'a target with a space', { raw: 'GET /socket.io/? x HTTP/1.1\r\nHost: a\r\n\r\n' }),
  row('target-nul', 'a target with a NUL', { raw: 'GET /socket.io/?\0 HTTP/1.1\r\nHost: a\r\n\r\n' }),
  row('version-2', 'a version from the future', { raw: 'GET /socket.io/ HTTP/2.0\r\nHost: a\r\n\r\n' }),
  row('method-unknown', 'a method nobody knows', {
    raw: 'FLY /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\n\r\n',
  }),
  row('length-twice', 'two different lengths', {
    raw: `POST /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n40x`,
  }),
  row('length-and-chunked', 'a length and chunks', {
    raw: `POST /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n40\r\n0\r\n\r\n`,
  }),
  row('length-negative', 'a negative length', {
    raw: `POST /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n`,
  }),
  row('length-letters', 'a length of letters', {
    raw: `POST /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n`,
  }),
  row('header-long', 'a header of 100,000 characters', { raw: `${HEAD}Host: a\r\nX: ${'x'.repeat(100_000)}\r\n\r\n` }),
  row('headers-many', '3,000 headers', {
    raw: `${HEAD}Host: a\r\n${Array.from({ length: 3000 }, (_, i) => `X-${i}: v`).join('\r\n')}\r\n\r\n`,
  }),
  row('target-long', 'a URL of 100,000 characters', {
    raw: `GET /socket.io/?x=${'q'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  }),

  legacy('transport-missing', 'no transport', { target: '/socket.io/?EIO=3' }),
  legacy('transport-proto', 'the transport __proto__', { target: '/socket.io/?EIO=3&transport=__proto__' }),
  legacy('websocket-plain', 'a plain GET that names the transport websocket', {
    target: '/socket.io/?EIO=3&transport=websocket',
  }),
  legacy('websocket-sid-unknown', 'an unknown sid with the transport websocket', {
    target: '/socket.io/?EIO=3&transport=websocket&sid=abcdefghijklmnopqrst',
  }),
  legacy('websocket-post', 'a POST that names the transport websocket', {
    method: 'POST',
    target: '/socket.io/?EIO=3&transport=websocket',
    body: '2:40',
  }),
];
