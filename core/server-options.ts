/**
 * Options as an application gives them: names, units and defaults. core/options.ts fills and checks them.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { CookieOptions } from './wire/cookie.ts';
import type { CorsOptions } from './wire/cors.ts';
import type { HttpCompressionOptions } from './wire/encoding.ts';
import type { PerMessageDeflateOptions } from './wire/message-deflate.ts';

/** Sizes of the machinery; the threads of a process are shared by Servers with equal tuning. @since Broadside */
export interface TuningOptions {
  /** I/O threads, 1 to 8. Environment `BROADSIDE_IO_THREADS`. @default available parallelism − 1, at least 1 */
  ioThreads?: number;
  /** Sessions at most, of all Servers that share the threads, 1 to 1,000,000; further ones get status 503. Environment `BROADSIDE_MAX_CONNECTIONS`. @default 100000 */
  maxConnections?: number;
  /** Bytes of the broadcast log, a power of two from 2 MiB to 1 GiB. Environment `BROADSIDE_LOG_BYTES`. @default 4194304 */
  logBytes?: number;
  /** Bytes of each ring between two threads, a power of two from 1 MiB to 1 GiB. Environment `BROADSIDE_RING_BYTES`. @default 4194304 */
  ringBytes?: number;
  /** Records an I/O thread is writing at a time, 1 to 4096; fewer when they are large. Environment `BROADSIDE_BATCH_RECORDS`. @default 1024 */
  batchRecords?: number;
  /**
   * Microseconds that an I/O thread with nothing to write waits for more than one record, 0 to 100000; 0 writes at once.
   * Environment `BROADSIDE_FLUSH_US`. @default 0
   */
  flushUs?: number;
}

/** What may carry a session. @since Socket.IO 2 */
export type TransportName = 'polling' | 'websocket';

/** TLS on the own port, as Node's https server takes it, or as files. @since Broadside */
export interface TlsOptions {
  /** Private key, PEM. */
  key?: string | Uint8Array;
  /** Certificate chain, PEM. */
  cert?: string | Uint8Array;
  /** Certificates of authorities, PEM. */
  ca?: string | Uint8Array;
  /** Of the private key. */
  passphrase?: string;
  /** Diffie-Hellman parameters, PEM. */
  dhparam?: string | Uint8Array;
  /** OpenSSL cipher list. */
  ciphers?: string;
  /** Path of the private key's file, instead of `key`. */
  keyFile?: string;
  /** Path of the certificate's file, instead of `cert`. */
  certFile?: string;
  /** Path of the file of authorities, instead of `ca`. */
  caFile?: string;
}

/**
 * Decides on a handshake; `decide(error, allow)` may come later. Replaces the check of `origins`. @since Socket.IO 2
 */
export type AllowRequest = (
  request: IncomingMessage,
  decide: (error: string | number | null | undefined, allow: boolean) => void,
) => void;

/** Answers an OPTIONS request; `this` is the Node server. @since Socket.IO 2 */
export type PreflightHandler = (this: Server, req: IncomingMessage, res: ServerResponse) => void;

/** Options of one Server. Names and units follow the Socket.IO server API. @since Socket.IO 2 */
export interface ServerOptions extends TuningOptions, TlsOptions {
  /** Path of all requests. @default '/socket.io' @since Socket.IO 2 */
  path?: string;
  /** Milliseconds between heartbeats, 1 to 2^31 − 1; 0 for the default. @default 25000 @since Socket.IO 2 */
  pingInterval?: number;
  /** Milliseconds a heartbeat may stay unanswered, 1 to 2^31 − 1; 0 for the default. @default 60000 @since Socket.IO 2 */
  pingTimeout?: number;
  /**
   * Bytes of one client message at most, 1 to 1 GiB, 0 for the default; a larger one closes its connection.
   *
   * @default 1000000 @since Socket.IO 2
   */
  maxHttpBufferSize?: number;
  /** Milliseconds a connection may stay without a namespace, 1 to 2^31 − 1. @default 45000 @since Socket.IO 3 */
  connectTimeout?: number;
  /**
   * Milliseconds each 16 KiB of a post's body may take, 1 to 2^31 − 1; then it gets status 408 and its session ends.
   *
   * @default 20000 @since Broadside
   */
  bodyTimeout?: number;
  /**
   * Bytes of a request's URL, query included, 64 to 16384, the limit of a whole head; a longer one gets status 414.
   *
   * @default 8192 @since Broadside
   */
  maxUrlBytes?: number;
  /**
   * Bytes of a request's headers, 256 to 16384, the limit of a whole head; more get status 431. The environment variable
   * `UWS_HTTP_MAX_HEADERS_SIZE`, set before the process makes its first Server, raises that limit, and so the default.
   *
   * @default 16384 @since Broadside
   */
  maxHeaderBytes?: number;
  /**
   * Sessions that have not joined a namespace yet, 1 to 1,000,000; further handshakes get status 503.
   *
   * @default 10000 @since Broadside
   */
  maxPending?: number;
  /**
   * The same for one client: an IPv4 address or the first 64 bits of an IPv6 address, of the proxy in front if there is
   * one; further handshakes get status 429.
   *
   * @default 1000 @since Broadside
   */
  maxPendingPerAddress?: number;
  /**
   * Bytes that may wait to be sent to one client; with more waiting, the next packet closes it. 1024 to 4 GiB.
   *
   * @default 16777216 @since Broadside
   */
  maxClientBufferBytes?: number;
  /** Whether Engine.IO 3 clients (Socket.IO 1.x and 2.x) are served. @default true @since Socket.IO 3 */
  allowEIO3?: boolean;
  /**
   * Transports that clients may use, in any order; `webtransport` is left out with a warning.
   *
   * @default ['polling', 'websocket'] @since Socket.IO 2
   */
  transports?: readonly (TransportName | 'webtransport')[];
  /** Whether clients that poll are told that they may upgrade. @default true @since Socket.IO 2 */
  allowUpgrades?: boolean;
  /** Milliseconds an upgrade may take, 1 to 2^31 − 1; 0 for the default. @default 10000 @since Socket.IO 2 */
  upgradeTimeout?: number;
  /**
   * Whether an attached Node server's upgrade requests that nobody answers are ended.
   *
   * @default true @since Socket.IO 2
   */
  destroyUpgrade?: boolean;
  /** Milliseconds after which they are, 1 to 2^31 − 1; 0 for the default. @default 1000 @since Socket.IO 2 */
  destroyUpgradeTimeout?: number;
  /** Whether requests must have a slash after the path. @default true @since Socket.IO 4.6 */
  addTrailingSlash?: boolean;
  /** Who may use the server from pages of other origins. @default none: no CORS header is sent @since Socket.IO 3 */
  cors?:
    | boolean
    | CorsOptions
    | ((request: IncomingMessage, callback: (error: Error | null, cors?: CorsOptions) => void) => void);
  /**
   * Origins that may open sessions, as Socket.IO 2 checks them.
   *
   * @default any, without CORS headers @since Socket.IO 2
   */
  origins?:
    | string
    | readonly string[]
    | ((origin: string, callback: (error: string | null, allow: boolean) => void) => void);
  /** A cookie with the session id: true, its name, or its attributes. @default false @since Socket.IO 2 */
  cookie?: boolean | string | CookieOptions;
  /** Path of the cookie, as Socket.IO 2 has it; false for none. @default '/' @since Socket.IO 2 */
  cookiePath?: string | false;
  /** Whether scripts cannot read the cookie, as Socket.IO 2 has it. @default true @since Socket.IO 2 */
  cookieHttpOnly?: boolean;
  /** Compression of polling answers. @default { threshold: 1024 } @since Socket.IO 2 */
  httpCompression?: boolean | HttpCompressionOptions;
  /** Compression of WebSocket messages: true, or from how many bytes on. @default false @since Socket.IO 2 */
  perMessageDeflate?: boolean | PerMessageDeflateOptions;
  /** Decides on every handshake. @default all are allowed @since Socket.IO 2 */
  allowRequest?: AllowRequest | null;
  /** A message that every connection is sent first, before any packet of Socket.IO. @default none @since Socket.IO 2 */
  initialPacket?: string | Uint8Array | null;
  /**
   * What becomes of OPTIONS requests to an attached Node server: false leaves them to its listeners, a function answers
   * them, called on the server.
   *
   * @default they are answered as `cors` and `origins` have it @since Socket.IO 2
   */
  handlePreflightRequest?: boolean | PreflightHandler;
  /** Accepted with a warning: uWebSockets.js is the WebSocket engine. @default none @since Socket.IO 2 */
  wsEngine?: unknown;
}
