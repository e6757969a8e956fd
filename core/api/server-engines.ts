/**
 * The engines of one Server: one for each set of options that it listens with. App thread.
 * Calls of `listen()` and `attach()` with the same options share one; the latest in use is `io.engine`.
 */

import type { GivenOptions, OriginsOption } from './api-options.ts';
import type { Conn } from './conn.ts';
import { createEngineHost, type EngineHost } from './engine-host.ts';

interface RunningEngine {
  readonly engine: EngineHost;
  readonly options: GivenOptions;
}

export class ServerEngines {
  readonly #onConnection: (conn: Conn, engine: EngineHost) => void;
  #running: RunningEngine[] = [];
  #current: EngineHost | undefined;

  constructor(onConnection: (conn: Conn, engine: EngineHost) => void) {
    this.#onConnection = onConnection;
  }

  /** The latest in use, closed or not. */
  get current(): EngineHost | undefined {
    return this.#current;
  }

  /** Whether none runs. */
  get idle(): boolean {
    return this.#running.every(({ engine }) => engine.closed);
  }

  /** For all that run. */
  set origins(origins: OriginsOption | undefined) {
    for (const running of this.#running) {
      running.engine.origins = origins;
      running.options.origins = origins;
    }
  }

  /**
   * The engine with exactly these options, made when there is none; it becomes the current one.
   *
   * @throws what making it throws, such as `ERR_OPTION_INVALID` when it could not share the threads of those that run
   */
  take(options: GivenOptions): EngineHost {
    this.#running = this.#running.filter(({ engine }) => !engine.closed);
    const same = this.#running.find((other) => sameOptions(other.options, options));
    if (same !== undefined) {
      this.#current = same.engine;
      return same.engine;
    }
    const { origins, ...others } = options;
    const engine = createEngineHost(others, this.#running[0]?.engine);
    if (origins !== undefined) engine.origins = origins;
    engine.on('connection', (conn: Conn) => this.#onConnection(conn, engine));
    this.#running.push({ engine, options });
    this.#current = engine;
    return engine;
  }

  /** Closes all that run. */
  async close(): Promise<void> {
    const closing = this.#running.map(({ engine }) => engine.close());
    this.#running = [];
    await Promise.all(closing);
  }

  /** Lets go of them, after `close()`. */
  forget(): void {
    this.#current = undefined;
  }
}

function sameOptions(a: GivenOptions, b: GivenOptions): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof GivenOptions>;
  return [...names].every((name) => Object.is(a[name], b[name]));
}
