/**
 * `io`: the namespaces, the engine, and the main namespace's own methods. App thread.
 * It owns no sockets and no threads: namespaces hold the former, the engine the latter.
 */
import { EngineError } from '../errors.ts';
import { engineOptions, type GivenOptions } from './api-options.ts';
import { Client } from './client.ts';
import type { Conn } from './conn.ts';
import { createConnectedView } from './connected-view.ts';
import { DynamicNamespaces } from './dynamic-namespaces.ts';
import { createEngineHost, type EngineHost, type ListenHandle } from './engine-host.ts';
import { isNodeServer, type NodeServer, parsePort } from './listen-target.ts';
import type { ExtendedError } from './middleware.ts';
import { Namespace } from './namespace.ts';
import { PacketDecoder } from './packet-decoder.ts';
import type { NamespaceMatcher, ParentNamespace } from './parent-namespace.ts';
import { PacketEncoder, type Parser } from './parser.ts';
import { ServerSettings } from './server-settings.ts';
import type { Socket } from './socket.ts';
import type { DefaultEventsMap, Emitted, EventNamesWithoutAck, EventParams, EventsMap } from './typed-events.ts';
import { reportUncaught } from './user-code.ts';

/** Anything that yields connections: the library's engine, or one given to `bind()`. */
export interface ConnectionSource {
  on(event: 'connection', listener: (conn: Conn) => void): unknown;
  /** Closes its connections; called by `Server.close()`. */
  close?(): unknown;
}

/** 'open': it has an engine of its own or a foreign one. */
type ServerState = 'idle' | 'open' | 'closed';

/** The class behind `Server`, which adds what its main namespace's emitter does. */
export class SocketIoServer<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = any,
> extends ServerSettings<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  /** The main namespace, `/`. */
  readonly sockets: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** Namespaces by name, as a hash; a live view. */
  readonly nsps: Readonly<Record<string, Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>>;
  /** The same as a Map. @internal */
  readonly namespaces = new Map<string, Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>();
  /** The packet format in use. */
  readonly parser: Parser;
  /** What every packet is encoded with. */
  readonly encoder: PacketEncoder;
  /** Shared by all connections: a packet of one frame leaves nothing behind in a decoder. @internal */
  readonly decoder: PacketDecoder;
  readonly #dynamic = new DynamicNamespaces();
  /** Node servers it is attached to. */
  readonly #attached = new Set<NodeServer>();
  #engine: EngineHost | undefined;
  #bound: ConnectionSource | undefined;
  #httpServer: ListenHandle | undefined;
  #state: ServerState = 'idle';
  #closing: Promise<void> | undefined;

  /**
   * @param target port to listen on at once, 0 for any, also as a string; or a Node server to share one with. Without
   *   it, call `listen()`
   * @param options see `GivenOptions`; they win over those given to `listen()` later. The object is not changed
   * @throws {EngineError} `ERR_OPTION_INVALID`, `ERR_EXPRESS_APP`, and what `listen()` throws
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
   * The engine, or the one given to `bind()`; undefined before. Typed as present, as applications use it after
   * `listen()`.
   */
  get engine(): EngineHost {
    return (this.#bound ?? this.#engine) as EngineHost;
  }

  /** Same as `engine`. */
  get eio(): EngineHost {
    return this.engine;
  }

  /** What listens: the Node server it was attached to, else a handle of its own port; undefined before `listen()`. */
  get httpServer(): ListenHandle {
    return this.#httpServer as ListenHandle;
  }

  /** Parents of dynamic namespaces, by the function that decides for them. */
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
   * Starts to listen; a port is bound when the call returns. A Server that listens already also takes this one.
   *
   * @param target a port, 0 for any free one, also as a numeric string; or a server of node:http or node:https
   * @param options options of the engine; the constructor's win over them
   * @throws {EngineError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_LISTEN_FAILED`, `ERR_EXPRESS_APP`
   */
  listen(target: number | string | NodeServer, options: GivenOptions = {}): this {
    if (isNodeServer(target)) return this.#share(target, options);
    const port = parsePort(target);
    const { host } = { ...options, ...this.given };
    this.#httpServer = this.#start(options).listen(port, host);
    return this;
  }

  /** Same as `listen()`. */
  attach(target: number | string | NodeServer, options?: GivenOptions): this {
    return this.listen(target, options);
  }

  /**
   * Takes the connections of a foreign engine, which becomes `engine`.
   *
   * @param engine emits `connection` with objects that have the required members of `Conn`
   */
  bind(engine: ConnectionSource): this {
    if (this.#state === 'closed') this.#engine = undefined;
    this.#state = 'open';
    this.#bound = engine;
    engine.on('connection', (conn) => this.onconnection(conn));
    return this;
  }

  /**
   * Takes one connection of a foreign engine.
   *
   * @param conn has the required members of `Conn`
   */
  onconnection(conn: Conn): this {
    new Client(this, conn, undefined);
    return this;
  }

  /**
   * A namespace by name, made when there is none; a leading `/` is added when missing. With a RegExp, or a function
   * `(name, auth, next)` that calls `next(error, allow)`, a parent: namespaces it allows come with their first client.
   *
   * @param fn added as a listener of its `connect` event
   * @throws {EngineError} `ERR_OPTION_INVALID` for anything else, and for a RegExp with the flag g or y
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
    const ends: unknown[] = wasOpen ? [this.#engine?.close(), this.#bound?.close?.()] : [];
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

  /** Counters: sockets and rooms by namespace, and those of the engine while there is one. */
  stats(): { namespaces: Record<string, { sockets: number; rooms: number }>; [counter: string]: unknown } {
    const namespaces: Record<string, { sockets: number; rooms: number }> = {};
    for (const nsp of this.namespaces.values()) {
      namespaces[nsp.name] = { sockets: nsp.sockets.size, rooms: nsp.adapter.rooms.size };
    }
    return { ...this.#engine?.stats(), namespaces };
  }

  /** Middleware of the main namespace, see `Namespace.use`; returns that namespace. */
  use(
    fn: (
      socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
      next: (error?: ExtendedError) => void,
    ) => void,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    return this.sockets.use(fn);
  }

  /** Sends an event to everyone in the main namespace, see `Namespace.emit`; returns that namespace. */
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
    else if (this.#engine !== undefined) this.#engine.origins = this.settings.origins;
  }

  /** The engine, made when there is none that runs. */
  #start(options: GivenOptions): EngineHost {
    if (this.#state === 'open' && this.#engine !== undefined && !this.#engine.closed) return this.#engine;
    const { given } = this;
    const merged = { ...options, ...given };
    if (options.path !== undefined && given.path === undefined) this.path(options.path);
    if (options.origins !== undefined && given.origins === undefined) this.origins(options.origins);
    if (options.serveClient !== undefined && given.serveClient === undefined) this.serveClient(options.serveClient);
    const engine = createEngineHost({
      ...engineOptions(merged),
      path: this.path(),
      serveClient: this.settings.serveClient,
    });
    if (this.settings.origins !== undefined) engine.origins = this.settings.origins;
    engine.on('connection', (conn: Conn) => new Client(this, conn, engine.link));
    this.#engine = engine;
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
