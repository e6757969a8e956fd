/**
 * Where Broadside does otherwise than the reference servers, by reason. `docs/compatibility.md` gives the same reasons in
 * the same words and names the same cases; the test checks that, and that no difference listed here has gone.
 */
import type { Difference, Outcome } from './case.ts';

interface Group {
  readonly reason: string;
  /** What Broadside does, as far as it differs, and in which cases. */
  readonly outcomes: readonly (readonly [broadside: Partial<Outcome>, ...ids: string[]])[];
}

const GROUPS: readonly Group[] = [
  {
    reason:
      'uWebSockets.js drops the connection on a frame that breaks RFC 6455 instead of sending a close frame, so a client sees 1006 where it would see 1002 or 1007, and the reason is `transport close`.',
    outcomes: [
      [
        { client: ['dropped'], server: ['connection /', 'disconnect / transport close', 'closed transport close'] },
        'frame-rsv1',
        'frame-rsv2',
        'frame-rsv3',
        'frame-unmasked',
        'frame-opcode-3',
        'frame-opcode-11',
        'frame-ping-126',
        'frame-ping-fragmented',
        'frame-continuation-alone',
        'frame-text-inside-fragments',
        'frame-utf8-bad',
        'frame-utf8-overlong',
        'frame-utf8-surrogate',
        'frame-utf8-beyond',
        'frame-utf8-cut',
        'frame-utf8-bad-split',
        'frame-close-too-long',
      ],
    ],
  },
  {
    reason:
      'uWebSockets.js drops the connection on a header that announces far more than the limit, so a client sees 1006 where it would see 1009; a message slightly over the limit is answered with 1009.',
    outcomes: [[{ client: ['dropped'] }, 'frame-length-over-limit', 'frame-length-2-63', 'frame-length-2-53']],
  },
  {
    reason:
      'uWebSockets.js takes a binary frame between the fragments of a text for its continuation, and the packet is then refused.',
    outcomes: [
      [
        {
          client: ['closed 1005'],
          server: ['connection /', 'error', 'disconnect / forced close', 'closed forced close'],
        },
        'frame-binary-inside-fragments',
      ],
    ],
  },
  {
    reason:
      'uWebSockets.js answers a close frame with one of its own that repeats the code only where it is 1000 or 1001, and takes a wrong one for a good one.',
    outcomes: [
      [{ client: ['closed 1005'] }, 'frame-close-3000'],
      [
        { client: ['closed 1005'], server: ['connection /', 'disconnect / transport close', 'closed transport close'] },
        'frame-close-one-byte',
        'frame-close-1005',
        'frame-close-1006',
        'frame-close-999',
        'frame-close-5000',
        'frame-close-bad-utf8',
      ],
    ],
  },
  {
    reason: 'Bytes that a client sends before it has the answer to its WebSocket request are discarded.',
    outcomes: [
      [
        {
          client: [
            '101',
            'text 0{"sid":"<sid>","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":20000}',
            'text 40{"sid":"<sid>"}',
            'stays open',
          ],
          server: ['connection /'],
        },
        'handshake-bad-frame-in-same-write',
        'handshake-bytes-behind',
      ],
    ],
  },
  {
    reason:
      'Revisions that are not served are refused before the upgrade, where the reference accepts the WebSocket and then writes an HTTP error into it.',
    outcomes: [
      [
        { client: ['400 | text/html | Unsupported protocol version'] },
        'handshake-eio-strict-3',
        'handshake-eio-strict-missing',
        'handshake-eio-strict-5',
      ],
    ],
  },
  {
    reason: 'A query parameter given twice is a list, as in Socket.IO 2, and no list is a valid value.',
    outcomes: [
      [{ client: ['400 | text/html | Transport unknown'], server: [] }, 'handshake-transport-twice'],
      [
        {
          client: [
            '101',
            'text 0{"sid":"<sid>","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":20000}',
            'text 40{"sid":"<sid>"}',
            'stays open',
          ],
          server: ['connection /'],
        },
        'handshake-sid-twice',
      ],
      [{ client: ['400 | text/html | Unsupported protocol version'], server: [] }, 'handshake-eio-strict-twice'],
      [
        { client: ['400 | application/json | {"code":0,"message":"Transport unknown"}'], server: [] },
        'polling-4-transport-twice',
      ],
    ],
  },
  {
    reason:
      'uWebSockets.js upgrades every GET that has a WebSocket key of 24 characters, whatever version, protocol or letters it names.',
    outcomes: [
      [
        { client: ['101'] },
        'handshake-version-12',
        'handshake-version-missing',
        'handshake-key-garbage',
        'handshake-key-twice',
        'handshake-upgrade-h2c',
        'handshake-upgrade-list',
        'handshake-protocol-spaces',
      ],
    ],
  },
  {
    reason: 'A request that is no WebSocket request for uWebSockets.js is answered as a plain HTTP request.',
    outcomes: [
      [
        { client: ['400 | application/json | {"code":3,"message":"Bad request"}'] },
        'handshake-key-missing',
        'handshake-key-short',
        'handshake-key-empty',
      ],
      [
        { client: ['400 | application/json | {"code":2,"message":"Bad handshake method"}'] },
        'handshake-method-post',
        'handshake-method-put',
      ],
    ],
  },
  {
    reason:
      'A WebSocket request for a path that is not ours is answered 404 at once, where the reference lets it wait a second and drops it.',
    outcomes: [[{ client: ['404'] }, 'handshake-path-other', 'handshake-path-no-slash']],
  },
  {
    reason:
      'uWebSockets.js does not serve HTTP/1.0, and takes a request line it cannot read for one of another version.',
    outcomes: [
      [
        {
          client: [
            '505 | <h1>HTTP Version Not Supported</h1><p>This server does not support HTTP/1.0.</p><hr><i>uWebSockets/20 Server</i>',
          ],
        },
        'http-path-absolute',
        'http-path-asterisk',
        'http-bare-newlines',
        'http-target-space',
        'http-target-nul',
        'http-version-2',
        'handshake-http-1-0',
      ],
    ],
  },
  {
    reason:
      'uWebSockets.js waits for the rest of a request it cannot read and drops the connection after its time-out, without an answer.',
    outcomes: [
      [
        { client: ['dropped'] },
        'handshake-origin-control',
        'http-header-folded',
        'http-header-control',
        'http-header-nul',
        'http-header-space',
        'http-header-no-colon',
        'http-host-missing',
        'http-binary',
        'http-garbage',
        'http-origin-control',
      ],
    ],
  },
  {
    reason: 'uWebSockets.js words its refusals of malformed or too large requests differently.',
    outcomes: [
      [
        { client: ['400 | <h1>Bad Request</h1><hr><i>uWebSockets/20 Server</i>'] },
        'http-length-and-chunked',
        'http-length-negative',
        'http-length-letters',
      ],
      [
        { client: ['431 | <h1>Request Header Fields Too Large</h1><hr><i>uWebSockets/20 Server</i>'] },
        'http-header-long',
        'http-headers-many',
        'http-target-long',
      ],
    ],
  },
  {
    reason:
      'uWebSockets.js hands on methods it does not know and takes the first of two lengths, so the request is refused for what it asks.',
    outcomes: [
      [
        { client: ['400 | application/json | {"code":2,"message":"Bad handshake method"}'] },
        'http-method-unknown',
        'http-length-twice',
      ],
    ],
  },
  {
    reason:
      'A frame of revision 3 whose type is no message is a `parse error`, as text frames have it; the reference ignores or answers some.',
    outcomes: [
      [
        { client: ['closed 1005'], server: ['connection /', 'disconnect / parse error', 'closed parse error'] },
        'engine-3-binary-empty',
        'engine-3-binary-type-ping',
        'engine-3-base64-type-9',
        'engine-3-base64-type-ping',
        'engine-3-base64-bare',
      ],
      [
        { server: ['connection /', 'disconnect / parse error', 'closed parse error'] },
        'engine-3-binary-type-9',
        'engine-3-binary-type-digit',
      ],
      [
        {
          client: ['200 | text/html | ok', '400 | application/json | {"code":1,"message":"Session ID unknown"}'],
          server: ['connection /', 'disconnect / parse error', 'closed parse error'],
        },
        'payload-3-base64-type-9',
        'payload-3-octets-type-9',
      ],
    ],
  },
  {
    reason: 'An event without a payload, and with it one without a name, is refused.',
    outcomes: [
      [
        {
          client: ['closed 1005'],
          server: ['connection /', 'error', 'disconnect / forced close', 'closed forced close'],
        },
        'packet-4-event-bare',
        'packet-3-event-bare',
        'packet-4-ack-id-only',
        'packet-3-ack-id-only',
      ],
      [
        { server: ['connection /', 'error', 'disconnect / forced close', 'closed forced close'] },
        'packet-4-event-no-comma',
        'packet-3-event-no-comma',
      ],
    ],
  },
  {
    reason: 'A payload nested deeper than 64 levels is refused: sending it on would overflow the stack.',
    outcomes: [
      [{ client: ['closed 1005'], server: ['closed forced close'] }, 'early-connect-nested-auth'],
      [
        {
          client: ['closed 1005'],
          server: ['connection /', 'error', 'disconnect / forced close', 'closed forced close'],
        },
        'packet-4-depth-5000',
        'packet-3-depth-5000',
        'packet-4-depth-objects',
        'packet-3-depth-objects',
      ],
    ],
  },
  {
    reason: 'An ack id that is no safe integer is refused.',
    outcomes: [
      [
        {
          client: ['closed 1005'],
          server: ['connection /', 'error', 'disconnect / forced close', 'closed forced close'],
        },
        'packet-4-ack-id-unsafe',
        'packet-3-ack-id-unsafe',
        'packet-4-ack-id-endless',
        'packet-3-ack-id-endless',
        'packet-4-ack-unsafe',
        'packet-3-ack-unsafe',
      ],
    ],
  },
  {
    reason: 'The number of a placeholder must be an integer.',
    outcomes: [
      [
        {
          client: ['closed 1005'],
          server: ['connection /', 'error', 'disconnect / forced close', 'closed forced close'],
        },
        'packet-4-placeholder-fraction',
        'packet-3-placeholder-fraction',
      ],
    ],
  },
  {
    reason:
      'Packets are handled in the order in which they were sent, so an event right before a violation is delivered first.',
    outcomes: [
      [
        {
          server: [
            'connection /',
            'event "a" <bytes 0102>',
            'error',
            'disconnect / forced close',
            'closed forced close',
          ],
        },
        'packet-4-attachment-stray',
        'packet-3-attachment-stray',
      ],
      [
        { server: ['connection /', 'event "a"', 'disconnect / transport close', 'closed transport close'] },
        'polling-4-event-then-close',
        'polling-3-event-then-close',
      ],
      [
        { server: ['connection /', 'event "a"', 'disconnect / parse error', 'closed parse error'] },
        'payload-4-separator-trailing',
        'payload-4-good-then-bad',
        'payload-3-trailing-digits',
        'payload-3-good-then-bad',
      ],
    ],
  },
  {
    reason: 'The header `X-XSS-Protection`, which old browsers were sent, is not.',
    outcomes: [
      [
        {
          client: [
            '200 | text/plain; charset=UTF-8 | x-xss-protection: - | 0{"sid":"<sid>","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":20000}',
            '400 | application/json | {"code":1,"message":"Session ID unknown"}',
          ],
        },
        'polling-4-user-agent-msie',
      ],
      [
        {
          client: [
            '200 | text/plain; charset=UTF-8 | x-xss-protection: - | <n>:0{"sid":"<sid>","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":20000}',
            'text 40',
            'stays open',
          ],
        },
        'polling-3-user-agent-msie',
      ],
    ],
  },
  {
    reason:
      'The half-sent POST of two that overlap is answered 400 like the other, where the reference drops its connection.',
    outcomes: [
      [
        { client: ['400', '400', '400 | application/json | {"code":1,"message":"Session ID unknown"}'] },
        'polling-4-posts-overlap',
        'polling-3-posts-overlap',
      ],
    ],
  },
  {
    reason: 'A payload of bytes is checked strictly: lengths, digits and flags that cannot be are a `parse error`.',
    outcomes: [
      [
        {
          client: ['200 | text/html | ok', '400 | application/json | {"code":1,"message":"Session ID unknown"}'],
          server: ['connection /', 'disconnect / parse error', 'closed parse error'],
        },
        'payload-3-octets-length-long',
        'payload-3-octets-digit-bad',
        'payload-3-octets-flag-bad',
      ],
    ],
  },
  {
    reason:
      'A payload is decoded to its end before its packets are handled, so the reason of the connection is `parse error` even where an earlier packet has already put its socket out.',
    outcomes: [
      [
        { server: ['connection /', 'error', 'disconnect / forced close', 'closed parse error'] },
        'payload-3-length-short',
      ],
    ],
  },
  {
    reason: 'A response to a script tag calls the index that its own request names, not that of the handshake.',
    outcomes: [
      [
        {
          client: [
            '200 | text/html | ok',
            '200 | text/plain; charset=UTF-8 | ___eio[5]("42[\\"echo\\",1]");',
            '200 | text/html | ok',
          ],
        },
        'jsonp-4-index-fixed',
      ],
      [
        {
          client: [
            '200 | text/html | ok',
            '200 | text/plain; charset=UTF-8 | ___eio[5]("12:42[\\"echo\\",1]");',
            '200 | text/html | ok',
          ],
        },
        'jsonp-3-index-fixed',
      ],
    ],
  },
  {
    reason: 'An upgrade packet without a probe ends the candidate; the session goes on by polling.',
    outcomes: [
      [{ client: ['101', 'closed 1005', 'stays open'] }, 'upgrade-4-probe-missing', 'upgrade-3-probe-missing'],
    ],
  },
  {
    reason:
      'A WebSocket for a session that is upgrading or upgraded, or one that names another transport, is refused with 400, where the reference accepts it and closes it at once.',
    outcomes: [
      [
        { client: ['101', 'text 3probe', '400 | text/html | Bad request', 'stays open'] },
        'upgrade-4-second-candidate',
        'upgrade-3-second-candidate',
      ],
      [
        { client: ['101', 'text 3probe', 'text 42["echo",0]', '400 | text/html | Bad request', 'stays open'] },
        'upgrade-4-second-upgrade',
        'upgrade-3-second-upgrade',
      ],
      [
        { client: ['400 | text/html | Bad request', 'stays open'] },
        'upgrade-4-transport-polling',
        'upgrade-3-transport-polling',
      ],
    ],
  },
  {
    reason: 'A polling session that the server has ended says so to one more poll, also where an error was the reason.',
    outcomes: [
      [
        {
          client: [
            '200 | text/html | ok',
            'text 1',
            '400 | application/json | {"code":1,"message":"Session ID unknown"}',
          ],
        },
        'polling-4-poll-after-error',
        'polling-3-poll-after-error',
      ],
    ],
  },
];

/** By id of the case. */
export const DIFFERENCES: ReadonlyMap<string, Difference> = new Map(
  GROUPS.flatMap(({ reason, outcomes }) =>
    outcomes.flatMap(([broadside, ...ids]) => ids.map((id) => [id, { broadside, reason }] as const)),
  ),
);
