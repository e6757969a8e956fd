/**
 * Which reference Broadside does as where the two disagree about clients of revision 3. In general the newer one for what
 * is dangerous, the older one for what its clients rely on.
 */

/** Cases that go as with Socket.IO 4. */
export const FOLLOWS_4: ReadonlySet<string> = new Set([
  'handshake-3-good',
  'handshake-3-eio-missing',
  'handshake-3-eio-5',
  'engine-3-pong',
  'namespace-3-join-again',
  'packet-3-type-7',
  'packet-3-type-9',
  'packet-3-type-letter',
  'packet-3-name-connect',
  'packet-3-name-connect-error',
  'packet-3-name-disconnect',
  'packet-3-name-disconnecting',
  'packet-3-name-new-listener',
  'packet-3-name-remove-listener',
  'packet-3-connect-again',
  'packet-3-connect-again-auth',
  'polling-3-handshake',
  'polling-3-handshake-headers',
  'polling-3-handshake-sid-empty',
  'polling-3-eio-missing',
  'polling-3-eio-5',
  'polling-3-post-headers',
  'polling-3-revision-other-post',
  'polling-3-options',
  'polling-3-polls-overlap',
  'polling-3-at-limit',
  'polling-3-over-limit',
  'polling-3-over-limit-endless',
  'payload-3-pong',
  'jsonp-3-handshake',
  'jsonp-3-index-7',
  'jsonp-3-index-code',
  'jsonp-3-index-letters',
  'jsonp-3-index-empty',
  'upgrade-3-revision-other',
]);

/** Cases that go as with Socket.IO 2. */
export const FOLLOWS_2: ReadonlySet<string> = new Set([
  'namespace-3-join-unknown',
  'namespace-3-join-unknown-again',
  'namespace-3-join-unknown-query',
  'namespace-3-join-proto',
  'namespace-3-leave-twice',
  'namespace-3-leave-event',
  'packet-3-disconnect-not-joined',
  'packet-3-event-not-joined',
  'packet-3-event-unknown-namespace',
  'packet-3-error',
  'packet-3-error-object',
  'packet-3-error-bare',
  'packet-3-attachment-not-joined',
  'polling-3-transport-twice',
]);
