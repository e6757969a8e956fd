/**
 * The settings of a server: what it was given, what that means, and the methods that read and change it. App thread.
 * It changes no namespace and no engine itself.
 */
import type { Adapter } from './adapter.ts';
import type { AdapterConstructor } from './adapter-kinds.ts';
import {
  type ApiOptions,
  assertConnectTimeout,
  assertEngineOptions,
  assertOrigins,
  type GivenOptions,
  normalisePath,
  type OriginsOption,
  resolveApiOptions,
} from './api-options.ts';
import { Broadcaster } from './broadcaster.ts';
import { applyLegacySetting } from './legacy-settings.ts';
import type { AttachmentLimits } from './pending-packet.ts';
import type { Server } from './server.ts';
import type { EventsMap } from './typed-events.ts';

/** A class to extend; typed as the library's own. @since Socket.IO 2 */
export type AdapterClass = new (nsp: any) => Adapter;

/** Base of `Server`. @since Socket.IO 2 */
export abstract class ServerSettings<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> extends Broadcaster<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  readonly #given: GivenOptions;
  readonly #options: ApiOptions;

  /**
   * Made by `Server`.
   *
   * @param given the options
   * @throws {EngineError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN` @since Broadside
   */
  constructor(given: GivenOptions) {
    super();
    this.#given = { ...given };
    this.#options = resolveApiOptions(this.#given);
    assertEngineOptions(this.#given);
  }

  /** The options as given, for adapters that look there. @since Socket.IO 4 */
  get opts(): Readonly<GivenOptions> {
    const { recovery } = this.#options;
    return recovery === undefined ? this.#given : { ...this.#given, connectionStateRecovery: recovery };
  }

  /** @internal */
  get limits(): AttachmentLimits {
    return this.#options.limits;
  }

  /** @internal */
  get maxNamespaces(): number {
    return this.#options.maxNamespaces;
  }

  /** @internal */
  get maxChildNamespaces(): number {
    return this.#options.maxChildNamespaces;
  }

  /** @internal */
  get recovery(): ApiOptions['recovery'] {
    return this.#options.recovery;
  }

  /** What the constructor was given, and `set()` since. @internal */
  protected get given(): Readonly<GivenOptions> {
    return this.#given;
  }

  /** @internal */
  protected get settings(): Readonly<ApiOptions> {
    return this.#options;
  }

  /** Whether it is too late for options of the engine. @internal */
  protected abstract get running(): boolean;

  /** Called after that setting has changed. @internal */
  protected abstract settingChanged(name: 'origins' | 'adapter'): void;

  /**
   * The path of requests, or sets it for later calls of `listen()`.
   *
   * @param value a path such as `/socket.io`
   * @throws {EngineError} `ERR_OPTION_INVALID` @since Socket.IO 2
   */
  path(): string;
  path(value: string): this;
  path(value?: string): string | this {
    if (value === undefined) return this.#options.path;
    this.#options.path = normalisePath(value);
    return this;
  }

  /**
   * Whether the client's bundle is served, or sets it for later calls of `listen()`.
   *
   * @param value whether it is @since Socket.IO 2
   */
  serveClient(): boolean;
  serveClient(value: boolean): this;
  serveClient(value?: boolean): boolean | this {
    if (value === undefined) return this.#options.serveClient;
    this.#options.serveClient = Boolean(value);
    return this;
  }

  /**
   * Who may connect, or sets it, for later handshakes of a server that listens too.
   *
   * @param value a string, an array of strings or a function
   * @throws {EngineError} `ERR_OPTION_INVALID` @since Socket.IO 2
   */
  origins(): OriginsOption;
  origins(value: OriginsOption): this;
  origins(value?: OriginsOption): OriginsOption | this {
    if (value === undefined) return this.#options.origins ?? '*';
    assertOrigins(value);
    this.#options.origins = value;
    this.settingChanged('origins');
    return this;
  }

  /**
   * Milliseconds a client of Socket.IO 3 or later has to join a namespace, or sets them for later connections.
   *
   * @param value 1 to 2^31 − 1
   * @throws {EngineError} `ERR_OPTION_INVALID` @since Socket.IO 3
   */
  connectTimeout(): number;
  connectTimeout(value: number): this;
  connectTimeout(value?: number): number | this {
    if (value === undefined) return this.#options.connectTimeout;
    assertConnectTimeout(value);
    this.#options.connectTimeout = value;
    return this;
  }

  /**
   * The adapter class, or sets it, for existing namespaces too: their sockets are left in no room but that of their id.
   *
   * @param value a class, or a function that returns an adapter @since Socket.IO 2
   */
  adapter(): AdapterClass;
  adapter(value: AdapterConstructor): this;
  adapter(value?: AdapterConstructor): AdapterClass | this {
    if (value === undefined) return this.#options.adapter as AdapterClass;
    this.#options.adapter = value;
    this.settingChanged('adapter');
    return this;
  }

  /**
   * Settings of Socket.IO 0.9: `authorization`, `origins`, `resource`, and before `listen()` `transports`,
   * `heartbeat timeout`, `heartbeat interval` and `destroy buffer size`. Others are reported as a warning.
   *
   * @param key its name
   * @param value what it is set to @since Socket.IO 2
   */
  set(key: string, value: unknown): this {
    const io = this as unknown as Server<any, any, any, any>;
    applyLegacySetting(io, key, value, (name, given) => {
      if (this.running) return false;
      (this.#given as Record<string, unknown>)[name] = given;
      return true;
    });
    return this;
  }
}
