/**
 * `io.engine`: one Server's share of the threads. App thread.
 */
import { EventEmitter } from 'node:events';
import type { Link } from '../agents/link.ts';
import { Runtime, type RuntimeServer } from '../agents/runtime.ts';
import type { Stats } from '../agents/statistics.ts';
import { type ResolvedOptions, resolveOptions, type ServerOptions } from '../options.ts';
import type { SessionNumber } from '../session/ids.ts';
import { describeReason, reasonText } from '../session/reasons.ts';
import type { RequestInfo } from '../wire/request-info.ts';
import type { GivenOptions } from './api-options.ts';
import { EngineConn } from './engine-conn.ts';
import type { EngineHost } from './engine-host.ts';
import { PortServer } from './port-server.ts';

export class Engine extends EventEmitter implements EngineHost, RuntimeServer {
  readonly options: ResolvedOptions;
  readonly #runtime: Runtime;
  readonly #server: number;
  readonly #conns = new Map<SessionNumber, EngineConn>();
  readonly #ports: PortServer[] = [];
  #closed: Promise<void> | undefined;

  /** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID, ERR_THREAD_START */
  constructor(given: ServerOptions) {
    super();
    this.options = resolveOptions(given);
    const { tuning, connectTimeout: _, ...spec } = this.options;
    this.#runtime = Runtime.for(tuning);
    this.#server = this.#runtime.open(spec, this);
  }

  get link(): Link {
    return this.#runtime.agent;
  }

  get writable(): boolean {
    return this.#runtime.agent.writable;
  }

  get clientsCount(): number {
    return this.#conns.size;
  }

  listen(port: number, host?: string): PortServer {
    const bound = this.#runtime.listen(this.#server, port, host);
    const handle = new PortServer(port, bound, host, () => this.close());
    this.#ports.push(handle);
    return handle;
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#runtime.unlisten(this.#server);
      for (const port of this.#ports) port.released();
      this.#closed = this.#runtime.close(this.#server);
    }
    return this.#closed;
  }

  stats(): Stats {
    return this.#runtime.stats();
  }

  /** Test probe: makes an I/O thread throw as a bug would. @internal */
  crashThread(ioThread: number, message: string): void {
    this.#runtime.crash(ioThread, message);
  }

  // ── news from the threads ──

  onOpen(session: SessionNumber, sid: string, info: RequestInfo): void {
    const conn = new EngineConn(session, sid, info, this.link);
    this.#conns.set(session, conn);
    this.emit('connection', conn);
  }

  onMessage(session: SessionNumber, data: string | Buffer): void {
    this.#conns.get(session)?.emit('data', data);
  }

  onUpgrade(session: SessionNumber): void {
    this.#conns.get(session)?.upgradedTo('websocket');
  }

  onClose(session: SessionNumber, reason: number, detail: number): void {
    const conn = this.#conns.get(session);
    this.#conns.delete(session);
    conn?.closed(reasonText(reason), describeReason(detail));
  }

  onDrain(): void {
    this.emit('drain');
  }

  onThreadCrash(ioThread: number, error: Error): void {
    this.emit('thread_crash', { thread: ioThread, error });
  }
}

/** Names that belong to the Socket.IO layer. */
const API_OPTIONS = ['adapter', 'parser', 'host'] as const;

/** Makes the engine of a Server from its merged options. */
export function createEngine(given: GivenOptions): Engine {
  const engineOptions: Record<string, unknown> = { ...given };
  for (const name of API_OPTIONS) delete engineOptions[name];
  return new Engine(engineOptions as ServerOptions);
}
