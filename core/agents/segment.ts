/**
 * The shared memory of one runtime: made by the app thread, handed to every other thread when it starts.
 * Ports ride along, because large payloads travel beside the rings.
 */
import type { MessagePort } from 'node:worker_threads';
import type { ResolvedTuning } from '../options.ts';
import type { TransportName } from '../server-options.ts';
import { createLog } from '../shm/broadcast-log.ts';
import { Control } from '../shm/control.ts';
import { SpscRing } from '../shm/spsc-ring.ts';
import type { ConnectionError } from '../wire/connection-errors.ts';
import type { CookieRule } from '../wire/cookie.ts';
import type { CorsRule } from '../wire/cors.ts';
import type { HttpCompressionRule } from '../wire/encoding.ts';
import type { DeflateRule } from '../wire/message-deflate.ts';
import type { Ask } from '../wire/origin-header.ts';
import type { OriginsRule } from '../wire/origins.ts';
import type { RequestInfo } from '../wire/request-info.ts';
import type { Question, Verdict } from './io/gate.ts';

export interface Segment {
  readonly tuning: ResolvedTuning;
  readonly control: SharedArrayBuffer;
  readonly commands: SharedArrayBuffer;
  readonly events: SharedArrayBuffer;
  /** One for each I/O thread. */
  readonly inboxes: readonly SharedArrayBuffer[];
  readonly log: SharedArrayBuffer;
}

export function createSegment(tuning: ResolvedTuning): Segment {
  return {
    tuning,
    control: Control.create(tuning.ioThreads),
    commands: SpscRing.create(tuning.ringBytes),
    events: SpscRing.create(tuning.ringBytes),
    inboxes: Array.from({ length: tuning.ioThreads }, () => SpscRing.create(tuning.ringBytes)),
    log: createLog(tuning.logBytes),
  };
}

/** What the coordinator's task is given. */
export interface CoordinatorTask {
  readonly role: 'coordinator';
  readonly segment: Segment;
  /** Large payloads from and to the app thread. */
  readonly appPort: MessagePort;
  /** The same for each I/O thread. */
  readonly ioPorts: readonly MessagePort[];
  /** Brings a `NewIoPort` before a restarted I/O thread asks for its place in the log. */
  readonly controlPort: MessagePort;
}

export interface NewIoPort {
  readonly ioThread: number;
  readonly port: MessagePort;
}

/** One Server as an I/O thread knows it. */
export interface ServerSpec {
  readonly server: number;
  /** Path with leading and without trailing slash. */
  readonly path: string;
  readonly pingInterval: number;
  readonly pingTimeout: number;
  readonly maxHttpBufferSize: number;
  readonly maxClientBufferBytes: number;
  readonly bodyTimeout: number;
  readonly maxUrlBytes: number;
  readonly maxHeaderBytes: number;
  readonly allowEIO3: boolean;
  readonly transports: readonly TransportName[];
  readonly allowUpgrades: boolean;
  readonly upgradeTimeout: number;
  readonly addTrailingSlash: boolean;
  readonly cors: CorsRule | Ask | null;
  readonly origins: OriginsRule | null;
  readonly cookie: CookieRule | null;
  readonly httpCompression: HttpCompressionRule | null;
  readonly perMessageDeflate: DeflateRule | null;
  readonly tls: TlsFiles | null;
  /** The browser client to serve, if any. */
  readonly client: ClientFiles | null;
  /** Unix socket of the application's own HTTP server, which gets every other request. */
  readonly application: string | null;
  /** Folder of the private sockets over which a Node server passes requests on. */
  readonly relayFolder: string | null;
  /** What the app thread must be asked, HOOK_*, when the server opens. */
  readonly hooks: number;
}

export interface ClientFiles {
  readonly folder: string;
  readonly version: string;
}

/** TLS as uWebSockets.js takes it. */
export interface TlsFiles {
  readonly key_file_name: string;
  readonly cert_file_name: string;
  readonly ca_file_name?: string;
  readonly passphrase?: string;
  readonly dh_params_file_name?: string;
  readonly ssl_ciphers?: string;
}

/** What an I/O thread's task is given. */
export interface IoTask {
  readonly role: 'io';
  readonly segment: Segment;
  /** 0 and up. */
  readonly ioThread: number;
  /** Large payloads from and to the coordinator. */
  readonly coordinatorPort: MessagePort;
  /** Requests from and notices to the app thread. */
  readonly controlPort: MessagePort;
  /** By I/O thread; undefined for itself. */
  readonly lanePorts: readonly (MessagePort | undefined)[];
  /** To the acceptor, which must not hand over connections while this thread closes its apps. */
  readonly acceptorPort: MessagePort;
  /** Servers that are open when the thread starts: none at first, all of them after a crash. */
  readonly servers: readonly ServerSpec[];
}

export interface AcceptorTask {
  readonly role: 'acceptor';
  readonly segment: Segment;
  readonly controlPort: MessagePort;
  /** One for each I/O thread. */
  readonly ioPorts: readonly MessagePort[];
}

export type ThreadTask = CoordinatorTask | IoTask | AcceptorTask;

/** App thread → I/O thread, over the control port. */
export type IoRequest =
  | { readonly op: 'open'; readonly spec: ServerSpec }
  /** Listens on a private socket in the folder, for the relay of a Node server. */
  | { readonly op: 'relay'; readonly server: number; readonly folder: string }
  /** The application uses other hooks now. */
  | { readonly op: 'hooks'; readonly server: number; readonly hooks: number; readonly origins: OriginsRule | null }
  /** Sessions without a namespace: of a client's network, or of all (null), there may be no more, or more again. */
  | { readonly op: 'strangers'; readonly server: number; readonly network: string | null; readonly blocked: boolean }
  | { readonly op: 'verdict'; readonly id: number; readonly verdict: Verdict }
  /** Another I/O thread has been restarted. */
  | { readonly op: 'lane'; readonly ioThread: number; readonly port: MessagePort }
  /** Test probe: throws inside the loop, as a bug would. */
  | { readonly op: 'throw'; readonly message: string };

/** I/O thread → app thread. */
export type IoNotice =
  | { readonly op: 'opened'; readonly server: number; readonly descriptor: unknown }
  /** No app could be made with the Server's options. */
  | { readonly op: 'unusable'; readonly server: number; readonly message: string }
  | { readonly op: 'closed'; readonly server: number }
  | { readonly op: 'relaying'; readonly server: number }
  | { readonly op: 'ask'; readonly id: number; readonly question: Question }
  /** A request was refused, for those who listen to `connection_error`. */
  | { readonly op: 'refused'; readonly server: number; readonly info: RequestInfo; readonly error: ConnectionError }
  /** A session whose id the app thread was asked for never opens. */
  | { readonly op: 'abandoned'; readonly server: number; readonly sid: string };

/** App thread → acceptor. */
export type AcceptorRequest =
  | {
      readonly op: 'listen';
      readonly server: number;
      readonly port: number;
      readonly host: string | undefined;
      readonly tls: TlsFiles | null;
      /** App of each I/O thread. */
      readonly descriptors: readonly unknown[];
    }
  | { readonly op: 'addChild'; readonly server: number; readonly ioThread: number; readonly descriptor: unknown }
  | { readonly op: 'ioPort'; readonly ioThread: number; readonly port: MessagePort }
  | { readonly op: 'unlisten'; readonly server: number }
  | { readonly op: 'stop' };

/** Where a Server listens. */
export interface BoundPort {
  /** -1 when it could not be bound. */
  readonly port: number;
  /** That of the host's name, when it was one; undefined for all. */
  readonly address: string | undefined;
}

/** Acceptor → app thread. */
export type AcceptorNotice =
  | ({ readonly op: 'listening'; readonly server: number } & BoundPort)
  | { readonly op: 'unlistened'; readonly server: number };

/** I/O thread → acceptor: take my apps out, then answer with the same. */
export interface RemoveChild {
  readonly op: 'removeChild';
}
