/**
 * Differences from the reference servers in packets, payloads and sessions, by reason: data of the differential test.
 */
import type { DifferenceGroup } from '../case.ts';

export const PACKET_DIFFERENCES: readonly DifferenceGroup[] = [
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
      'A body of more than 16,384 packets, and of more than one for each 8 bytes of `maxHttpBufferSize`, is a `parse error`: decoded, it takes many times its bytes.',
    outcomes: [
      [
        {
          client: ['200 | text/html | ok', '400 | application/json | {"code":1,"message":"Session ID unknown"}'],
          server: ['connection /', 'disconnect / parse error', 'closed parse error'],
        },
        'payload-4-noops-too-many',
        'payload-3-noops-too-many',
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
