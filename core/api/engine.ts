/**
 * `io.engine`: one Server's share of the threads. App thread.
 */
import { EventEmitter } from 'node:events';
import type { Server as NodeServer } from 'node:http';
import { clientBundle } from '../agents/client-bundle.ts';
import type { Question, Verdict } from '../agents/io/gate.ts';
import type { Link } from '../agents/link.ts';
import { makePrivateFolder, type PrivateFolder } from '../agents/private-folder.ts';
import { Runtime } from '../agents/runtime.ts';
import type { RuntimeServer } from '../agents/runtime-server.ts';
import type { Stats } from '../agents/statistics.ts';
import { type PreparedTls, prepareTls } from '../agents/tls-files.ts';
import { EngineError } from '../errors.ts';
import { type ResolvedOptions, type ResolvedTuning, resolveOptions, warnOnce } from '../options.ts';
import type { AllowRequest, ServerOptions, TransportName } from '../server-options.ts';
import type { SessionNumber } from '../session/ids.ts';
import { CONNECTION_ERRORS, type ConnectionError, FORBIDDEN } from '../wire/connection-errors.ts';
import { type OriginsRule, resolveOrigins } from '../wire/origins.ts';
import type { RequestInfo } from '../wire/request-info.ts';
import { readRequestHead } from '../wire/request-record.ts';
import type { GivenOptions } from './api-options.ts';
import { ApplicationServer, type ApplicationTarget } from './application-server.ts';
import { createConnectedView } from './connected-view.ts';
import { type ConnOwner, EngineConn } from './engine-conn.ts';
import type { EngineHost } from './engine-host.ts';
import { type EngineOptions, showAsMembers, shownOptions } from './engine-options.ts';
import { EngineRequest } from './handshake-request.ts';
import { PortServer } from './port-server.ts';
import { Relay } from './relay.ts';
import {
  type EngineMiddleware,
  type GenerateId,
  type HookSources,
  INTERNAL_ERROR,
  RequestHooks,
} from './request-hooks.ts';
import { Strangers } from './strangers.ts';

/** The library's own engine; `PublicEngine` has what applications use of it. @since Socket.IO 2 */
export class Engine extends EventEmitter implements ConnOwner, RuntimeServer, HookSources {
  readonly options: ResolvedOptions;
  readonly opts: EngineOptions;
  readonly allowRequest: AllowRequest | undefined;
  readonly cors: unknown;
  readonly middleware: EngineMiddleware[] = [];
  readonly #runtime: Runtime;
  readonly #server: number;
  readonly #bySid = new Map<string, EngineConn>();
  /** Connections by the id of their session; a live view. */
  readonly clients = createConnectedView(this.#bySid);
  readonly strangers: Strangers;
  readonly #ports: PortServer[] = [];
  readonly #tls: PreparedTls | null;
  readonly #hooks: RequestHooks;
  readonly #initialPacket: string | Uint8Array | undefined;
  readonly #preflight: ServerOptions['handlePreflightRequest'];
  #hookBits: number;
  #generateId: GenerateId | undefined;
  #origins: unknown;
  readonly #application: ApplicationServer | undefined;
  #relay: Relay | undefined;
  #relayFolder: PrivateFolder | undefined;
  #closed: Promise<void> | undefined;

  /** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID, ERR_THREAD_START */
  constructor(given: ServerOptions, extras: EngineExtras = {}) {
    super();
    this.options = resolveOptions({ ...given, ...sharedTuning(given, extras.beside) });
    this.opts = shownOptions(given, this.options);
    showAsMembers(this, this.opts);
    this.allowRequest = given.allowRequest || undefined;
    this.#initialPacket = given.initialPacket || undefined;
    this.#preflight = given.handlePreflightRequest;
    this.cors = given.cors;
    this.#origins = given.origins;
    this.#hooks = new RequestHooks(this);
    this.#hookBits = this.#hooks.bits;
    const { tuning, connectTimeout, destroyUpgrade, destroyUpgradeTimeout, ...rest } = this.options;
    const { maxPending, maxPendingPerAddress, ...spec } = rest;
    this.strangers = new Strangers({ maxPending, maxPendingPerAddress }, (network, blocked) =>
      this.#runtime.blockStrangers(this.#server, network, blocked),
    );
    let tls: PreparedTls | null = null;
    let application: ApplicationServer | undefined;
    try {
      tls = prepareTls(given);
      if (extras.http !== undefined) application = new ApplicationServer(extras.http);
      this.#runtime = Runtime.for(tuning);
      const plain = {
        ...spec,
        tls: tls?.files ?? null,
        client: extras.serveClient === false ? null : clientBundle(),
        application: application?.socketPath ?? null,
        relayFolder: null,
        hooks: this.#hookBits,
      };
      this.#server = this.#runtime.open(plain, this);
    } catch (error) {
      tls?.remove();
      application?.close();
      throw error;
    }
    this.#tls = tls;
    this.#application = application;
    this.on('newListener', () => queueMicrotask(() => this.#hooksChanged()));
    this.on('removeListener', () => queueMicrotask(() => this.#hooksChanged()));
  }

  /**
   * Makes session ids instead of the library: called once per handshake with the request, gives an id of 1 to 256
   * visible ASCII characters or a promise of one. @since Socket.IO 2
   */
  get generateId(): GenerateId | undefined {
    return this.#generateId;
  }

  set generateId(generateId: GenerateId | undefined) {
    this.#generateId = generateId;
    this.#hooksChanged();
  }

  /** Origins that may open sessions; see the option. @throws ERR_OPTION_INVALID when set @since Broadside */
  get origins(): any {
    return this.#origins;
  }

  set origins(origins: any) {
    originsRule(origins);
    this.#origins = origins;
    this.#hooksChanged(true);
  }

  /**
   * Adds a Connect-style function that sees every request of the engine, such as that of express-session. A request is
   * answered when the functions have let the response end.
   *
   * @param middleware gets request, response and `next`; an error given to `next` refuses the request with code 3
   * @returns this engine @since Socket.IO 4.6
   */
  use(middleware: EngineMiddleware): this {
    this.middleware.push(middleware);
    this.#hooksChanged();
    return this;
  }

  /** The transports a session that began on this one may change to. */
  upgrades(transport: string): TransportName[] {
    const { allowUpgrades, transports } = this.options;
    return transport === 'polling' && allowUpgrades && transports.includes('websocket') ? ['websocket'] : [];
  }

  get link(): Link {
    return this.#runtime.commands;
  }

  get writable(): boolean {
    return this.#runtime.commands.writable;
  }

  /** Whether it closes or has closed. @since Broadside */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Open connections. @since Socket.IO 2 */
  get clientsCount(): number {
    return this.#bySid.size;
  }

  /**
   * Binds a port before it returns.
   *
   * @param port 0 to 65535, 0 for any free one
   * @param host address to listen on; all by default @since Broadside
   */
  listen(port: number, host?: string): PortServer {
    if (this.#preflight === false || typeof this.#preflight === 'function') {
      warnOnce('option handlePreflightRequest has no effect on a port of its own: attach to a Node server instead.');
    }
    const bound = this.#runtime.listen(this.#server, port, host);
    const handle = new PortServer({ port, host }, bound, () => this.close());
    this.#ports.push(handle);
    return handle;
  }

  /** Takes the Engine.IO requests of a Node server. @param server keeps its port and all others @since Socket.IO 2 */
  attach(server: NodeServer): void {
    if (this.#relay === undefined) {
      this.#relayFolder = makePrivateFolder('relay');
      const { path, addTrailingSlash, transports, tuning, destroyUpgrade, destroyUpgradeTimeout } = this.options;
      this.#runtime.relay(this.#server, this.#relayFolder.path);
      this.#relay = new Relay({
        folder: this.#relayFolder.path,
        ioThreads: tuning.ioThreads,
        prefix: addTrailingSlash ? `${path}/` : path,
        websocket: transports.includes('websocket'),
        destroyUpgrade,
        destroyUpgradeTimeout,
        preflight: this.#preflight,
        onClose: () => void this.close(),
      });
    }
    this.#relay.attach(server);
  }

  /** Gives ports back at once; resolves when all connections are gone, with the last engine the threads. @since Socket.IO 2 */
  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#runtime.unlisten(this.#server);
      for (const port of this.#ports) port.released();
      this.#closed = this.#runtime.close(this.#server).finally(() => {
        this.#tls?.remove();
        this.#relay?.close();
        this.#application?.close();
        this.#relayFolder?.remove();
      });
    }
    return this.#closed;
  }

  /** Counters of queues, log and deliveries. @since Broadside */
  stats(): Stats {
    return this.#runtime.stats();
  }

  /** Test probe: makes an I/O thread throw as a bug would. @internal */
  crashThread(ioThread: number, message: string): void {
    this.#runtime.crash(ioThread, message);
  }

  // ── news from the threads ──

  onOpen(session: SessionNumber, sid: string, encoded: string): EngineConn | undefined {
    const request = this.#hooks.take(sid, () => new EngineRequest(encoded));
    const head = readRequestHead(encoded);
    if (!this.strangers.arrive(session, head.address)) {
      this.link.closeSession(session, true);
      this.reportRefusal(request, {
        code: FORBIDDEN,
        context: { message: 'Too many connections without a namespace' },
      });
      return undefined;
    }
    return new EngineConn(session, sid, head, request, this);
  }

  /** Of a connection: what its client says next will be heard. */
  opened(conn: EngineConn): void {
    this.#bySid.set(conn.id, conn);
    if (this.#initialPacket !== undefined) conn.write(this.#initialPacket);
    this.emit('connection', conn);
  }

  /** Of a connection: its session has ended. */
  gone(conn: EngineConn): void {
    this.#bySid.delete(conn.id);
    this.strangers.settle(conn.session);
  }

  onDrain(): void {
    this.emit('drain');
  }

  onQuestion(question: Question, answer: (verdict: Verdict) => void): void {
    this.#hooks.judge(question).then(answer, (error) => {
      answer({ headers: [], refusal: INTERNAL_ERROR });
      throw error; // the application's own error stays one
    });
  }

  onRefused(info: RequestInfo, error: ConnectionError): void {
    this.reportRefusal(new EngineRequest(info), error);
  }

  onAbandoned(sid: string): void {
    this.#hooks.forget(sid);
  }

  /** Tells the application of a request that was refused. */
  reportRefusal(req: EngineRequest, { code, context }: ConnectionError): void {
    this.emit('connection_error', { req, code, message: CONNECTION_ERRORS[code], context });
  }

  /** Whether an open session has this id. */
  hasSession(sid: string): boolean {
    return this.#bySid.has(sid);
  }

  #hooksChanged(force = false): void {
    const bits = this.#hooks.bits;
    if (bits === this.#hookBits && !force) return;
    this.#hookBits = bits;
    this.#runtime.setHooks(this.#server, bits, originsRule(this.#origins));
  }

  onThreadCrash(ioThread: number, error: Error): void {
    this.emit('thread_crash', { thread: ioThread, error });
  }
}

/** `'*'`, the default, checks nothing and so sends no CORS header. */
function originsRule(origins: unknown): OriginsRule | null {
  return resolveOrigins(origins === '*' ? undefined : origins);
}

/** What is no option of the engine, but of how it is reached. */
export interface EngineExtras {
  /** Gets every request that is not the engine's: a listener, such as an Express application, or an HTTP server. */
  readonly http?: ApplicationTarget;
  readonly serveClient?: boolean;
  /** Another engine of the same Server, whose broadcasts go to both. */
  readonly beside?: Engine;
}

/** Makes an engine of a Server from its merged options. */
export function createEngine(given: GivenOptions, beside?: EngineHost): Engine {
  const { http, serveClient, ...options } = given;
  return new Engine(options as ServerOptions, { http, serveClient, beside: beside as Engine | undefined });
}

/** One set of threads keeps the rooms of a Server. @throws ERR_OPTION_INVALID when another is asked for */
function sharedTuning(given: ServerOptions, beside: Engine | undefined): ResolvedTuning | undefined {
  if (beside === undefined) return undefined;
  const { tuning } = beside.options;
  for (const name of Object.keys(tuning) as (keyof ResolvedTuning)[]) {
    if (given[name] === undefined || given[name] === tuning[name]) continue;
    throw new EngineError(
      'ERR_OPTION_INVALID',
      `option ${name} is ${given[name]}, but this Server listens already with ${tuning[name]}, and its threads stay.`,
    );
  }
  return tuning;
}
