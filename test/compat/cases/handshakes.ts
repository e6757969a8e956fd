/**
 * Requests for a new session over WebSocket, good ones and bad ones, and what the query may say.
 */
import type { Case, HttpRequest, Revision, Step } from '../case.ts';
import { frame, text } from '../frame-bytes.ts';
import { upgradeRequest } from '../runner.ts';
import { alive, aliveAfterJoin, closing, joined, type Notes, read, say, upgrade } from '../steps.ts';

const QUERY = 'EIO=4&transport=websocket&key={key}';
const good = (headers: HttpRequest['headers'] = []): HttpRequest => upgradeRequest(`/socket.io/?${QUERY}`, headers);

/** A request that gives no session, or one whose first frame is looked at. */
const row = (id: string, name: string, steps: readonly Step[], notes: Notes = {}): Case => ({
  id: `handshake-${id}`,
  name,
  revision: 4,
  steps,
  ...notes,
});

const refused = (id: string, name: string, query: string, notes?: Notes): Case =>
  row(id, name, [upgrade('a', `/socket.io/?${query}`)], notes);

/** Changes the head fields of a good request; undefined leaves one out. */
const headers = (id: string, name: string, changes: Record<string, string | undefined>, notes?: Notes): Case => {
  const fields = (good().headers ?? []).map(([field, value]) => [field, field in changes ? changes[field] : value]);
  const more = Object.entries(changes).filter(([field]) => !fields.some(([known]) => known === field));
  const all = [...fields, ...more].filter((pair): pair is [string, string] => pair[1] !== undefined);
  return row(
    id,
    name,
    [{ do: 'upgrade', socket: 'a', request: { target: `/socket.io/?${QUERY}`, headers: all } }],
    notes,
  );
};

/** A request that must work, shown by joining. */
const works = (id: string, name: string, request: HttpRequest, notes?: Notes): Case =>
  row(id, name, [{ do: 'upgrade', socket: 'a', request }, read('0'), aliveAfterJoin], notes);

const legacy = (id: string, name: string, steps: readonly Step[], notes: Notes = {}): Case => ({
  id: `handshake-3-${id}`,
  name: `${name}, revision 3`,
  revision: 3 as Revision,
  steps,
  ...notes,
});

export const HANDSHAKE_CASES: readonly Case[] = [
  works('good', 'a WebSocket handshake and its open packet', good()),
  works('sid-empty', 'an empty sid asks for a new session', upgradeRequest(`/socket.io/?${QUERY}&sid=`)),
  works('upgrade-case', 'the Upgrade header in other letters', {
    target: `/socket.io/?${QUERY}`,
    headers: (good().headers ?? []).map(([name, value]) => [name, value === 'websocket' ? 'WebSocket' : value]),
  }),
  works('connection-list', 'a Connection header with several values', {
    target: `/socket.io/?${QUERY}`,
    headers: (good().headers ?? []).map(([name, value]) => [name, value === 'Upgrade' ? 'keep-alive, Upgrade' : value]),
  }),
  works('path-behind', 'a longer path', upgradeRequest(`/socket.io/default/?${QUERY}`)),
  works('origin-foreign', 'a foreign origin where none is configured', good([['Origin', 'https://evil.example']])),
  works('extension-unknown', 'an unknown WebSocket extension', good([['Sec-WebSocket-Extensions', 'constructor']])),
  works(
    'extension-deflate',
    'an offer to compress, which is off',
    good([['Sec-WebSocket-Extensions', 'permessage-deflate']]),
  ),
  works('many-headers', 'eighty header fields', good(Array.from({ length: 80 }, (_, i) => [`X-${i}`, 'v']))),
  works('long-query', 'a query of 1,500 characters', upgradeRequest(`/socket.io/?${QUERY}&x=${'q'.repeat(1500)}`)),
  works(
    'query-proto',
    'a query parameter named __proto__',
    upgradeRequest(`/socket.io/?${QUERY}&__proto__=1&constructor=2`),
  ),
  works('query-bad-escape', 'a query with a broken escape', upgradeRequest(`/socket.io/?${QUERY}&x=%zz%ff%`)),

  refused('transport-missing', 'no transport', 'EIO=4'),
  refused('transport-unknown', 'an unknown transport', 'EIO=4&transport=carrier-pigeon'),
  refused('transport-proto', 'the transport __proto__', 'EIO=4&transport=__proto__'),
  refused('transport-constructor', 'the transport constructor', 'EIO=4&transport=constructor'),
  refused('transport-webtransport', 'the transport webtransport', 'EIO=4&transport=webtransport'),
  refused('transport-case', 'a transport in capitals', 'EIO=4&transport=WebSocket'),
  refused('transport-escaped', 'a transport with a NUL behind it', 'EIO=4&transport=websocket%00'),
  row('transport-twice', 'two transports', [
    upgrade('a', '/socket.io/?EIO=4&transport=websocket&transport=websocket&key={key}'),
    read('0'),
    aliveAfterJoin,
  ]),
  refused('sid-unknown', 'an unknown sid', 'EIO=4&transport=websocket&sid=abcdefghijklmnopqrst'),
  refused('sid-proto', 'the sid __proto__', 'EIO=4&transport=websocket&sid=__proto__'),
  refused('sid-to-string', 'the sid toString', 'EIO=4&transport=websocket&sid=toString'),
  refused('sid-nul', 'a sid that is a NUL', 'EIO=4&transport=websocket&sid=%00'),
  refused('sid-long', 'a sid of 3,000 characters', `EIO=4&transport=websocket&sid=${'s'.repeat(3000)}`),
  row('sid-twice', 'two sids', [
    upgrade('a', '/socket.io/?EIO=4&transport=websocket&sid=a&sid=b&key={key}'),
    read('0'),
    aliveAfterJoin,
  ]),
  row(
    'eio-strict-3',
    'revision 3 where only 4 is served',
    [upgrade('a', '/socket.io/?EIO=3&transport=websocket&key={key}'), closing],
    {
      house: 'strict',
    },
  ),
  row(
    'eio-strict-missing',
    'no revision where only 4 is served',
    [upgrade('a', '/socket.io/?transport=websocket&key={key}'), closing],
    {
      house: 'strict',
    },
  ),
  row(
    'eio-strict-5',
    'revision 5 where only 4 is served',
    [upgrade('a', '/socket.io/?EIO=5&transport=websocket&key={key}'), closing],
    {
      house: 'strict',
    },
  ),
  row(
    'eio-strict-twice',
    'revision 4 twice',
    [upgrade('a', '/socket.io/?EIO=4&EIO=4&transport=websocket&key={key}'), closing],
    {
      house: 'strict',
    },
  ),

  headers('version-8', 'an old WebSocket version', { 'Sec-WebSocket-Version': '8' }),
  headers('version-12', 'a WebSocket version that never was', { 'Sec-WebSocket-Version': '12' }),
  headers('version-missing', 'no WebSocket version', { 'Sec-WebSocket-Version': undefined }),
  headers('key-missing', 'no WebSocket key', { 'Sec-WebSocket-Key': undefined }),
  headers('key-short', 'a WebSocket key that is too short', { 'Sec-WebSocket-Key': 'abc' }),
  headers('key-empty', 'an empty WebSocket key', { 'Sec-WebSocket-Key': '' }),
  headers('key-garbage', 'a WebSocket key that is no base64', { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!!!' }),
  row('key-twice', 'two WebSocket keys', [
    { do: 'upgrade', socket: 'a', request: good([['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA==']]) },
  ]),
  headers('upgrade-h2c', 'an upgrade to something else', { Upgrade: 'h2c' }),
  headers('upgrade-list', 'an upgrade to one of several', { Upgrade: 'websocket, h2c' }),
  headers('protocol-spaces', 'a WebSocket subprotocol of spaces', { 'Sec-WebSocket-Protocol': ' , ,  ' }),
  headers('protocol', 'a WebSocket subprotocol', { 'Sec-WebSocket-Protocol': 'chat' }),
  headers('extension-broken', 'a broken extension header', { 'Sec-WebSocket-Extensions': 'permessage-deflate; =,;' }),
  headers('extension-bits', 'an offer to compress with an impossible window', {
    'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=99',
  }),
  headers('origin-control', 'an origin with a control character', { Origin: 'https://a\x01b' }, { slow: true }),
  row('path-other', 'a WebSocket request for another path', [upgrade('a', `/other/?${QUERY}`)], { slow: true }),
  row('path-no-slash', 'a WebSocket request without the slash behind the path', [upgrade('a', `/socket.io?${QUERY}`)], {
    slow: true,
  }),
  row('method-post', 'a WebSocket request that is a POST', [
    { do: 'upgrade', socket: 'a', request: { ...good(), method: 'POST' } },
  ]),
  row('method-put', 'a WebSocket request that is a PUT', [
    { do: 'upgrade', socket: 'a', request: { ...good(), method: 'PUT' } },
  ]),
  row('http-1-0', 'a WebSocket request of HTTP/1.0', [
    {
      do: 'upgrade',
      socket: 'a',
      request: {
        raw: `GET /socket.io/?${QUERY} HTTP/1.0\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      },
    },
  ]),

  row('frame-in-same-write', 'a CONNECT in the same write as the request', [
    upgrade('a', `/socket.io/?${QUERY}`, [], text('40')),
    read('0'),
    aliveAfterJoin,
  ]),
  row('bad-frame-in-same-write', 'a frame with a reserved bit in the same write as the request', [
    upgrade('a', `/socket.io/?${QUERY}`, [], frame({ opcode: 1, rsv: 2, payload: '40' })),
    read('0'),
    aliveAfterJoin,
  ]),
  row('bytes-behind', 'a kilobyte of letters behind the request', [
    upgrade('a', `/socket.io/?${QUERY}`, [], Buffer.alloc(1024, 'A')),
    read('0'),
    aliveAfterJoin,
  ]),
  row('base64', 'a client without binary gets base64', [
    joined(4, '&b64=1'),
    say('42["binary"]'),
    read('451-'),
    read('b'),
    alive,
  ]),
  row('base64-empty', 'an empty b64 asks for nothing', [joined(4, '&b64='), say('42["binary"]'), read('451-'), alive]),

  legacy('good', 'a WebSocket handshake and what comes first', [
    upgrade('a', '/socket.io/?EIO=3&transport=websocket&key={key}'),
    read('0'),
    read('40'),
    alive,
  ]),
  legacy('eio-missing', 'no revision at all means revision 3', [
    upgrade('a', '/socket.io/?transport=websocket&key={key}'),
    read('0'),
    read('40'),
    alive,
  ]),
  legacy('eio-5', 'an unknown revision means revision 3', [
    upgrade('a', '/socket.io/?EIO=5&transport=websocket&key={key}'),
    read('0'),
    read('40'),
    alive,
  ]),
  legacy('base64', 'a client without binary gets base64', [
    joined(3, '&b64=1'),
    say('42["binary"]'),
    read('451-'),
    read('b4'),
    alive,
  ]),
  legacy('binary', 'a client with binary gets it with a type byte', [
    joined(3),
    say('42["binary"]'),
    read('451-'),
    alive,
  ]),
  legacy('transport-unknown', 'an unknown transport', [upgrade('a', '/socket.io/?EIO=3&transport=carrier-pigeon')]),
  legacy('sid-unknown', 'an unknown sid', [
    upgrade('a', '/socket.io/?EIO=3&transport=websocket&sid=abcdefghijklmnopqrst'),
  ]),
];
