/**
 * `io`: the namespaces, the engine, and the main namespace's own methods. App thread.
 * It owns no sockets and no threads: namespaces hold the former, the engine the latter.
 */
import { EngineError } from '../errors.ts';
import type { Adapter } from './adapter.ts';
import { engineOptions, type GivenOptions, normalisePath } from './api-options.ts';
import { Client } from './client.ts';
import type { BareConn } from './conn.ts';
import { createConnectedView } from './connected-view.ts';
import { DynamicNamespaces } from './dynamic-namespaces.ts';
import type { EngineHost, ListenHandle, PublicEngine } from './engine-host.ts';
import { isNodeServer, type NodeServer, parsePort } from './listen-target.ts';
import type { ExtendedError } from './middleware.ts';
import { Namespace } from './namespace.ts';
import { PacketDecoder } from './packet-decoder.ts';
import type { NamespaceMatcher, ParentNamespace } from './parent-namespace.ts';
import { PacketEncoder, type Parser } from './parser.ts';
import { ServerEngines } from './server-engines.ts';
import { ServerSettings } from './server-settings.ts';
import type { Socket } from './socket.ts';
import type { DefaultEventsMap, Emitted, EventNamesWithoutAck, EventParams, EventsMap } from './typed-events.ts';
import { reportUncaught } from './user-code.ts';

/** Anything that yields connections: the library's engine, or one given to `bind()`. @since Socket.IO 2 */
export interface ConnectionSource {
  /** As an emitter has it. @param event connection @param listener gets each new connection */
  on(event: 'connection', listener: (conn: BareConn) => void): unknown;
  /** Closes its connections; called by `Server.close()`. */
  close?(): unknown;
}

/** 'open': it has engines of its own or a foreign one. */
type ServerState = 'idle' | 'open' | 'closed';

/** The class behind `Server`, which adds what its main namespace's emitter does. @since Socket.IO 2 */
export class SocketIoServer<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = any,
> extends ServerSettings<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  /** The main namespace, `/`. @since Socket.IO 2 */
  readonly sockets: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** Namespaces by name, as a hash; a live view. @since Socket.IO 2 */
  readonly nsps: Readonly<Record<string, Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>>;
  /** The same as a Map. @internal */
  readonly namespaces = new Map<string, Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>();
  /** The packet format in use. @since Socket.IO 2 */
  readonly parser: Parser;
  /** What every packet is encoded with. @since Socket.IO 2 */
  readonly encoder: PacketEncoder;
  /** Shared by all connections: a packet of one frame leaves nothing behind in a decoder. @internal */
  readonly decoder: PacketDecoder;
  /**
   * The socket that left last, kept so that there always is one: when none is left at a full collection, V8 forgets what
   * sockets look like, and with it the code it has compiled for them, and a crowd that comes back waits for its compilers.
   * @internal
   */
  lastLeft: Socket<any, any, any, any> | undefined;
  readonly #dynamic = new DynamicNamespaces();
  /** Node servers it is attached to. */
  readonly #attached = new Set<NodeServer>();
  readonly #engines = new ServerEngines((conn, { link }) => new Client(this, conn, link));
  #bound: ConnectionSource | undefined;
  #httpServer: ListenHandle | undefined;
  #state: ServerState = 'idle';
  #closing: Promise<void> | undefined;

  /**
   *
   * @param target port to listen on at once, 0 for any, also as a string; or a Node server to share one with. Without
   *   it, call `listen()`
   * @param options see `GivenOptions`; they win over those given to `listen()` later. The object is not changed
   * @throws {EngineError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_EXPRESS_APP`, and what `listen()` throws
   * @since Socket.IO 2
   */
  constructor(target?: number | string | NodeServer, options?: GivenOptions);
  constructor(options?: GivenOptions);
  constructor(target?: number | string | NodeServer | GivenOptions, options: GivenOptions = {}) {
    const onlyOptions = typeof target === 'object' && target !== null && !isNodeServer(target);
    super(onlyOptions ? (target as GivenOptions) : options);
    this.parser = this.settings.parser;
    this.encoder = new PacketEncoder(this.parser);
    this.decoder = new PacketDecoder(this.parser, this.limits);
    this.nsps = createConnectedView(this.namespaces);
    this.sockets = this.of('/');
    if (!onlyOptions && target !== undefined && target !== null) this.listen(target as number | string | NodeServer);
  }

  /**
   * The engine of the last `listen()`, or the one given to `bind()`; undefined before. Typed as present, as applications
   * use it after `listen()`. @since Socket.IO 2
   */
  get engine(): PublicEngine {
    return (this.#bound ?? this.#engines.current) as PublicEngine;
  }

  /** The same, but never the one given to `bind()`. @since Socket.IO 2 */
  get eio(): PublicEngine {
    return this.#engines.current as PublicEngine;
  }

  /**
   * What listens: the Node server it was attached to, else a handle of its own port; undefined before `listen()`.
   * @since Socket.IO 2
   */
  get httpServer(): ListenHandle {
    return this.#httpServer as ListenHandle;
  }

  /** Parents of dynamic namespaces, by the function that decides for them. @since Socket.IO 2.1 */
  get parentNsps(): ReadonlyMap<
    NamespaceMatcher,
    ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>
  > {
    return this.#dynamic.parents;
  }

  /** Namespaces by name, for what was written against Socket.IO 4. @internal */
  get _nsps(): Map<string, Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> {
    return this.namespaces;
  }

  /** @internal */
  audience(): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    return this.sockets;
  }

  /**
   * Starts to listen; a port is bound when the call returns, or `httpServer` emits `error` with the cause, as Node's
   * does. A Server that listens already also takes this one: with the engine it has for these options, else with a
   * further one, which becomes `engine`.
   *
   * @param target a port, 0 for any free one, also as a numeric string; or a server of node:http or node:https
   * @param options options of the engine, not those of an earlier call; the constructor's win over them. Tuning,
   *   such as `ioThreads`, is that of the first call
   * @throws {EngineError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_EXPRESS_APP` @since Socket.IO 2
   */
  listen(target: number | string | NodeServer, options: GivenOptions = {}): this {
    if (isNodeServer(target)) return this.#share(target, options);
    const port = parsePort(target);
    const { host } = { ...options, ...this.given };
    this.#httpServer = this.#start(options).listen(port, host);
    return this;
  }

  /** Same as `listen()`. @param target a port or a server @param options of the engine @since Socket.IO 2 */
  attach(target: number | string | NodeServer, options?: GivenOptions): this {
    return this.listen(target, options);
  }

  /**
   * Takes the connections of a foreign engine, which becomes `engine`.
   *
   * @param engine emits `connection` with objects that have the required members of `BareConn` @since Socket.IO 2
   */
  bind(engine: ConnectionSource): this {
    if (this.#state === 'closed') this.#engines.forget();
    this.#state = 'open';
    this.#bound = engine;
    engine.on('connection', (conn) => this.onconnection(conn));
    return this;
  }

  /** Takes one connection of a foreign engine. @param conn has the members of `BareConn` @since Socket.IO 2 */
  onconnection(conn: BareConn): this {
    new Client(this, conn, undefined);
    return this;
  }

  /**
   * A namespace by name, made when there is none; a leading `/` is added when missing. With a RegExp, or a function
   * `(name, auth, next)` that calls `next(error, allow)`, a parent: namespaces it allows come with their first client.
   *
   * @param name a name, a RegExp or a function
   * @param fn added as a listener of its `connect` event
   * @throws {EngineError} `ERR_OPTION_INVALID` for anything else, and for a RegExp with the flag g or y
   * @since Socket.IO 2
   */
  of(
    name: string | RegExp | NamespaceMatcher,
    fn?: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    if (typeof name === 'function' || name instanceof RegExp) {
      const parent = this.#dynamic.add(this, name);
      if (fn) parent.on('connect', fn as never);
      return parent;
    }
    if (typeof name !== 'string') {
      throw new EngineError('ERR_OPTION_INVALID', `Namespace name is ${String(name)}; expected a string.`);
    }
    const full = name.startsWith('/') ? name : `/${name}`;
    let nsp = this.namespaces.get(full);
    if (nsp === undefined) {
      const parent = this.#dynamic.parentOf(full);
      if (parent !== undefined) return this.#adopt(parent.createChild(full));
      nsp = new Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>(this, full);
      this.#announce(nsp);
    }
    if (fn) nsp.on('connect', fn as never);
    return nsp;
  }

  /**
   * Looks for the parent of a namespace that a client asked for.
   *
   * @param done gets what makes the namespace or finds it made meanwhile, undefined when no parent allows it; that gives
   * undefined when the parent has too many
   * @internal
   */
  findNamespace(
    name: string,
    auth: Record<string, unknown>,
    done: (create: (() => Namespace<any, any, any, any> | undefined) | undefined) => void,
  ): void {
    this.#dynamic.find(name, auth, (parent) => done(parent && (() => this.#adoptForClient(parent, name))));
  }

  /**
   * Disconnects all sockets with the reason `server shutting down`, within the call, and gives the port back; then
   * waits for adapters, connections and threads. A Node server it was attached to is closed too.
   *
   * @param callback called when all is closed; with an error when that fails or the Server had been closed before
   * @since Socket.IO 2
   */
  async close(callback?: (error?: Error) => void): Promise<void> {
    if (this.#state === 'closed') {
      await this.#closing;
      callback?.(Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' }));
      return;
    }
    const wasOpen = this.#state === 'open';
    if (wasOpen) this.#state = 'closed';
    const adapters = [...this.namespaces.values()].map((nsp) => nsp.close());
    const ends: unknown[] = wasOpen ? [this.#engines.close(), this.#bound?.close?.()] : [];
    for (const server of this.#attached) ends.push(new Promise((resolve) => server.close(resolve)));
    this.#attached.clear();
    this.#bound = undefined;
    this.#closing = Promise.all([...ends, Promise.allSettled(adapters)]).then(() => undefined);
    try {
      await this.#closing;
    } catch (error) {
      if (callback === undefined) throw error;
      callback(error as Error);
      return;
    }
    callback?.();
  }

  /** Counters: sockets and rooms by namespace, and those of the engine while there is one. @since Broadside */
  stats(): { namespaces: Record<string, { sockets: number; rooms: number }>; [counter: string]: unknown } {
    const namespaces: Record<string, { sockets: number; rooms: number }> = {};
    for (const nsp of this.namespaces.values()) {
      const adapter: Pick<Adapter, 'rooms'> = nsp.adapter; // one of the application's has no more
      const rooms = adapter.rooms.size;
      namespaces[nsp.name] = { sockets: nsp.sockets.size, rooms };
    }
    return { ...this.#engines.current?.stats(), namespaces };
  }

  /**
   * Middleware of the main namespace, see `Namespace.use`; returns that namespace.
   *
   * @param fn gets the socket and `next` @since Socket.IO 2
   */
  use(
    fn: (
      socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
      next: (error?: ExtendedError) => void,
    ) => void,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    return this.sockets.use(fn);
  }

  /**
   * Sends an event to everyone in the main namespace, see `Namespace.emit`; returns that namespace. @since Socket.IO 2
   */
  declare emit: <Name extends EventNamesWithoutAck<EmitEvents>>(
    event: Name,
    ...args: EventParams<EmitEvents, Name>
  ) => Emitted<Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>;

  /** @internal */
  protected get running(): boolean {
    return this.#state === 'open';
  }

  /** @internal */
  protected settingChanged(name: 'origins' | 'adapter'): void {
    if (name === 'adapter') for (const nsp of this.namespaces.values()) nsp.replaceAdapter();
    else this.#engines.origins = this.settings.origins;
  }

  /** The engine for these options. Where none runs, they become settings that later calls find. */
  #start(options: GivenOptions): EngineHost {
    const { given } = this;
    const own = <Name extends 'path' | 'origins' | 'serveClient'>(name: Name): GivenOptions[Name] =>
      given[name] === undefined ? options[name] : undefined;
    const path = own('path') ?? this.path();
    const origins = own('origins') || this.settings.origins;
    const served: unknown = own('serveClient');
    const serveClient = served === undefined ? this.serveClient() : served !== false;
    if (this.#engines.idle) {
      this.path(path).serveClient(serveClient);
      if (origins !== undefined) this.origins(origins);
    }
    const engine = this.#engines.take({
      ...engineOptions({ ...options, ...given }),
      path: normalisePath(path),
      origins,
      serveClient,
    });
    this.#state = 'open';
    this.#closing = undefined;
    return engine;
  }

  #share(server: NodeServer, options: GivenOptions): this {
    const engine = this.#start(options);
    if (engine.attach === undefined) {
      void this.close();
      throw new EngineError('ERR_OPTION_INVALID', 'Cannot listen on an object; expected a port from 0 to 65535.');
    }
    engine.attach(server, { ...options, ...this.given });
    this.#attached.add(server);
    this.#httpServer = server as unknown as ListenHandle;
    return this;
  }

  #announce(nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    this.namespaces.set(nsp.name, nsp);
    if (nsp.name !== '/') this.sockets.notify('new_namespace', nsp);
  }

  /** The child of a parent under that name; one, however many asked for it at the same time. */
  #adoptForClient(
    parent: ParentNamespace<any, any, any, any>,
    name: string,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> | undefined {
    const existing = this.namespaces.get(name);
    if (existing !== undefined) return existing;
    const { maxChildNamespaces } = this.settings;
    const child = parent.createChildOfClient(name, maxChildNamespaces, (empty) => this.#forget(empty));
    return child && this.#adopt(child);
  }

  #adopt(
    child: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    if (this.settings.cleanupEmptyChildNamespaces) child.whenEmpty(() => this.#forget(child));
    this.#announce(child);
    return child;
  }

  #forget(child: Namespace<any, any, any, any>): void {
    if (this.#state === 'closed' || !this.namespaces.delete(child.name)) return;
    this.#dynamic.remove(child);
    Promise.resolve(child.close()).catch(reportUncaught);
  }
}
