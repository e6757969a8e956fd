/**
 * Differences from the reference servers in HTTP, handshakes and WebSocket frames, by reason: data of the differential test.
 */
import type { DifferenceGroup } from '../case.ts';

export const TRANSPORT_DIFFERENCES: readonly DifferenceGroup[] = [
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
      [{ client: ['400 | text/html | Unsupported protocol version'], server: [] }, 'handshake-eio-strict-twice'],
      [
        { client: ['400 | application/json | {"code":0,"message":"Transport unknown"}'], server: [] },
        'polling-4-transport-twice',
      ],
    ],
  },
  {
    reason: 'uWebSockets.js takes any subprotocol.',
    outcomes: [[{ client: ['101'] }, 'handshake-protocol-spaces']],
  },
  {
    reason: 'A WebSocket request that is wrong is refused in words of its own, which say what was expected.',
    outcomes: [
      [
        { client: ['400 | text/html | Invalid Sec-WebSocket-Version header, expected 13'] },
        'handshake-version-12',
        'handshake-version-missing',
      ],
      [
        { client: ['400 | text/html | Invalid Sec-WebSocket-Key header, expected 16 bytes in base64'] },
        'handshake-key-garbage',
        'handshake-key-twice',
      ],
      [
        { client: ['400 | text/html | Invalid Upgrade header, expected websocket'] },
        'handshake-upgrade-h2c',
        'handshake-upgrade-list',
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
      'A WebSocket from an origin that `cors` does not allow is refused, where the reference guards polling only.',
    outcomes: [[{ client: ['400 | text/html | Forbidden'], server: [] }, 'cors-websocket-evil']],
  },
];
