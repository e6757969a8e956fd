/**
 * `io`: the namespaces, the engine, and the main namespace's own methods. App thread.
 * It owns no sockets and no threads: namespaces hold the former, the engine the latter.
 */
import { EngineError } from '../errors.ts';
import type { AdapterConstructor, Room } from './adapter.ts';
import {
  type ApiOptions,
  assertConnectTimeout,
  type GivenOptions,
  normalisePath,
  parsePort,
  resolveApiOptions,
} from './api-options.ts';
import type { BroadcastOperator } from './broadcast-operator.ts';
import { Client } from './client.ts';
import type { Conn } from './conn.ts';
import { createEngineHost, type EngineHost, type ListenHandle } from './engine-host.ts';
import type { ExtendedError } from './middleware.ts';
import { Namespace, type NamespaceReservedEvents } from './namespace.ts';
import { PacketDecoder, type PacketEncoder, type Parser } from './packet.ts';
import type { Socket } from './socket.ts';
import {
  type AckResult,
  type DefaultEventsMap,
  type Emitted,
  type EventNamesWithAck,
  type EventNamesWithoutAck,
  type EventParams,
  type EventsMap,
  type ParamsBeforeAck,
  StrictEventEmitter,
} from './typed-events.ts';

/** Anything that yields connections: the library's engine, or one given to `bind()`. */
export interface ConnectionSource {
  on(event: 'connection', listener: (conn: Conn) => void): unknown;
}

/** Emitter methods that `io` forwards to its main namespace; they return what the namespace returns. */
const FORWARDED = [
  'addListener',
  'emit',
  'eventNames',
  'getMaxListeners',
  'listenerCount',
  'listeners',
  'off',
  'on',
  'once',
  'prependListener',
  'prependOnceListener',
  'rawListeners',
  'removeAllListeners',
  'removeListener',
  'setMaxListeners',
] as const;

class SocketIoServer<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = any,
> extends StrictEventEmitter<
  ServerSideEvents,
  NamespaceReservedEvents<ListenEvents, EmitEvents, ServerSideEvents, SocketData>
> {
  /** The main namespace, `/`. */
  readonly sockets: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** Namespaces by name. */
  readonly nsps = new Map<string, Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>();
  /** The packet format in use. */
  readonly parser: Parser;
  readonly encoder: PacketEncoder;
  /** Shared by all connections: a text packet without attachments leaves nothing behind in a decoder. @internal */
  readonly decoder: PacketDecoder;
  readonly #given: GivenOptions;
  readonly #options: ApiOptions;
  #engine: EngineHost | undefined;
  #httpServer: ListenHandle | undefined;
  #state: 'idle' | 'listening' | 'closed' = 'idle';
  #closing: Promise<void> | undefined;

  /**
   * @param port port to listen on at once, 0 for any; also as a string. Without it, call `listen()`
   * @param options see `GivenOptions`; they win over those given to `listen()` later
   * @throws {EngineError} `ERR_OPTION_INVALID`, `ERR_EXPRESS_APP`, and what `listen()` throws
   */
  constructor(port?: number | string, options?: GivenOptions);
  constructor(options?: GivenOptions);
  constructor(target?: number | string | GivenOptions, options: GivenOptions = {}) {
    super();
    const onlyOptions = typeof target === 'object' && target !== null && !('listen' in target);
    this.#given = onlyOptions ? target : options;
    this.#options = resolveApiOptions(this.#given);
    this.parser = this.#options.parser;
    this.encoder = new this.parser.Encoder();
    this.decoder = new PacketDecoder(this.parser);
    this.sockets = this.of('/');
    if (!onlyOptions && target !== undefined && target !== null) this.listen(target as number | string);
  }

  /** The engine; undefined until `listen()` or `bind()`. Typed as present, as applications use it after that. */
  get engine(): EngineHost {
    return this.#engine as EngineHost;
  }

  /** What listens; undefined until `listen()`. */
  get httpServer(): ListenHandle {
    return this.#httpServer as ListenHandle;
  }

  /**
   * Starts to listen; the port is bound when the call returns. A Server that listens already also takes this port.
   *
   * @param port 0 for any free one; a numeric string counts as a number
   * @param options options of the engine; the constructor's win over them
   * @throws {EngineError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_LISTEN_FAILED`, `ERR_EXPRESS_APP`
   */
  listen(port: number | string, options: GivenOptions = {}): this {
    const number = parsePort(port);
    if (this.#state !== 'listening') {
      const merged = { ...options, ...this.#given };
      this.#options.path = normalisePath(merged.path ?? this.#options.path);
      const engine = createEngineHost({ ...merged, path: this.#options.path });
      engine.on('connection', (conn: Conn) => this.#accept(conn, engine));
      this.#engine = engine;
      this.#state = 'listening';
      this.#closing = undefined;
    }
    const { host } = { ...options, ...this.#given };
    this.#httpServer = this.engine.listen(number, host);
    return this;
  }

  /** Same as `listen()`. */
  attach(port: number | string, options?: GivenOptions): this {
    return this.listen(port, options);
  }

  /**
   * Takes the connections of a foreign engine.
   *
   * @param engine emits `connection` with objects that have the required members of `Conn`
   */
  bind(engine: ConnectionSource): this {
    engine.on('connection', (conn) => this.onconnection(conn));
    return this;
  }

  /** Takes one connection of a foreign engine. */
  onconnection(conn: Conn): this {
    this.#accept(conn, undefined);
    return this;
  }

  /**
   * A namespace by name, made when there is none; a leading `/` is added when missing.
   *
   * @param fn added as a listener of its `connect` event
   * @throws {EngineError} `ERR_OPTION_INVALID` for a name that is no string
   */
  of(
    name: string,
    fn?: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    if (typeof name !== 'string') {
      throw new EngineError('ERR_OPTION_INVALID', `Namespace name is ${String(name)}; expected a string.`);
    }
    const full = name.startsWith('/') ? name : `/${name}`;
    let nsp = this.nsps.get(full);
    if (nsp === undefined) {
      nsp = new Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>(this, full);
      this.nsps.set(full, nsp);
      if (full !== '/') this.sockets.notify('new_namespace', nsp);
    }
    if (fn) nsp.on('connect', fn as never);
    return nsp;
  }

  /**
   * Disconnects all sockets with the reason `server shutting down`, within the call, and gives the port back; then
   * waits for adapters, connections and threads.
   *
   * @param callback called when all is closed; with an error when that fails or the Server had been closed before
   */
  async close(callback?: (error?: Error) => void): Promise<void> {
    if (this.#state === 'closed') {
      await this.#closing;
      callback?.(Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' }));
      return;
    }
    const adapters = [...this.nsps.values()].map((nsp) => nsp.close());
    const engine = this.#state === 'listening' ? this.engine.close() : undefined;
    if (this.#state === 'listening') this.#state = 'closed';
    this.#closing = Promise.all([engine, Promise.allSettled(adapters)]).then(() => undefined);
    try {
      await this.#closing;
    } catch (error) {
      if (callback === undefined) throw error;
      callback(error as Error);
      return;
    }
    callback?.();
  }

  /** The path of requests, or sets it; no effect while listening. */
  path(): string;
  path(value: string): this;
  path(value?: string): string | this {
    if (value === undefined) return this.#options.path;
    this.#options.path = normalisePath(value);
    return this;
  }

  /** Milliseconds a client of Socket.IO 3 or later has to join a namespace, or sets them for later connections. */
  connectTimeout(): number;
  connectTimeout(value: number): this;
  connectTimeout(value?: number): number | this {
    if (value === undefined) return this.#options.connectTimeout;
    assertConnectTimeout(value);
    this.#options.connectTimeout = value;
    return this;
  }

  /** The adapter class, or sets it, for existing namespaces too: their rooms start empty. */
  adapter(): AdapterConstructor;
  adapter(value: AdapterConstructor): this;
  adapter(value?: AdapterConstructor): AdapterConstructor | this {
    if (value === undefined) return this.#options.adapter;
    this.#options.adapter = value;
    for (const nsp of this.nsps.values()) nsp.replaceAdapter();
    return this;
  }

  /** Counters: sockets and rooms by namespace, and those of the engine while there is one. */
  stats(): { namespaces: Record<string, { sockets: number; rooms: number }>; [counter: string]: unknown } {
    const namespaces: Record<string, { sockets: number; rooms: number }> = {};
    for (const nsp of this.nsps.values()) {
      namespaces[nsp.name] = { sockets: nsp.sockets.size, rooms: nsp.adapter.rooms.size };
    }
    return { ...this.#engine?.stats(), namespaces };
  }

  /** Middleware of the main namespace, see `Namespace.use`. */
  use(
    fn: (
      socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
      next: (error?: ExtendedError) => void,
    ) => void,
  ): this {
    this.sockets.use(fn);
    return this;
  }

  /** Sends an event to everyone in the main namespace, see `Namespace.emit`; returns that namespace. */
  declare emit: <Name extends EventNamesWithoutAck<EmitEvents>>(
    event: Name,
    ...args: EventParams<EmitEvents, Name>
  ) => Emitted<Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>;

  /** Sends an event to everyone in the main namespace and waits for every answer, see `Namespace.emitWithAck`. */
  emitWithAck<Name extends EventNamesWithAck<EmitEvents>>(
    event: Name,
    ...args: ParamsBeforeAck<EmitEvents[Name]>
  ): Promise<AckResult<EmitEvents[Name]>[]> {
    return (this.sockets as Namespace<any, any, any, any>).emitWithAck(event as string, ...(args as any[]));
  }

  /** `emit('message', ...args)`. */
  send(...args: EventParams<EmitEvents, 'message'>): this {
    this.sockets.send(...args);
    return this;
  }

  /** Same as `send()`. */
  write(...args: EventParams<EmitEvents, 'message'>): this {
    return this.send(...args);
  }

  /** See `Namespace.to`. */
  to(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.sockets.to(room);
  }

  /** See `Namespace.to`. */
  in(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.sockets.to(room);
  }

  /** See `Namespace.except`. */
  except(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.sockets.except(room);
  }

  /** See `Namespace.volatile`. */
  get volatile(): BroadcastOperator<EmitEvents, SocketData> {
    return this.sockets.volatile;
  }

  /** See `Namespace.local`. */
  get local(): BroadcastOperator<EmitEvents, SocketData> {
    return this.sockets.local;
  }

  /** See `Namespace.compress`. */
  compress(compress: boolean): BroadcastOperator<EmitEvents, SocketData> {
    return this.sockets.compress(compress);
  }

  /** See `Namespace.timeout`. */
  timeout(ms: number): BroadcastOperator<EmitEvents, SocketData, true> {
    return this.sockets.timeout(ms);
  }

  #accept(conn: Conn, engine: EngineHost | undefined): void {
    new Client(this, conn, engine?.link);
  }
}

for (const name of FORWARDED) {
  Object.defineProperty(SocketIoServer.prototype, name, {
    value(this: SocketIoServer, ...args: unknown[]): unknown {
      return Reflect.apply(this.sockets[name] as Function, this.sockets, args);
    },
    configurable: true,
    writable: true,
  });
}

/** A Socket.IO server. See the constructor; `new` may be left out. */
export type Server<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = any,
> = SocketIoServer<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;

/** The class, which can be called like a function too. `listen` is the same under its oldest name. */
export interface ServerConstructor {
  new <
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    ServerSideEvents extends EventsMap = DefaultEventsMap,
    SocketData = any,
  >(
    port?: number | string | GivenOptions,
    options?: GivenOptions,
  ): Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  <
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    ServerSideEvents extends EventsMap = DefaultEventsMap,
    SocketData = any,
  >(
    port?: number | string | GivenOptions,
    options?: GivenOptions,
  ): Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  readonly prototype: Server<any, any, any, any>;
  readonly listen: ServerConstructor;
}

export const Server = new Proxy(SocketIoServer, {
  apply: (target, _self, args: [GivenOptions?]) => new target(...args),
}) as unknown as ServerConstructor;

Object.defineProperty(SocketIoServer.prototype, 'constructor', { value: Server, configurable: true, writable: true });
Object.defineProperty(SocketIoServer, 'listen', { value: Server });
