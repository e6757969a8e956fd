/**
 * The threads of a process, shared by all Servers with equal tuning: starts them, opens and closes Servers on them,
 * restarts an I/O thread that crashed, and ends them with the last Server. App thread.
 */
import { writeSync } from 'node:fs';
import { debuglog } from 'node:util';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { EngineError } from '../errors.ts';
import { presetHeadLimit, type ResolvedTuning } from '../options.ts';
import { Control, STATE_BURIED, STATE_DOWN } from '../shm/control.ts';
import { ACCEPTOR_THREAD, COORDINATOR_THREAD, FIRST_IO_THREAD, threadName } from '../shm/layout.ts';
import type { OriginsRule } from '../wire/origins.ts';
import { closeThreads } from './close-threads.ts';
import { CommandWriter } from './command-writer.ts';
import { EventReader } from './event-reader.ts';
import { guardExit, unguardExit } from './exit-guard.ts';
import { laneMatrix } from './lane-matrix.ts';
import type { OpenServer, RuntimeServer } from './runtime-server.ts';
import {
  type AcceptorNotice,
  type AcceptorRequest,
  type BoundPort,
  createSegment,
  type IoNotice,
  type IoRequest,
  type IoTask,
  type NewIoPort,
  type Segment,
  type ServerSpec,
  type ThreadTask,
} from './segment.ts';
import { Statistics, type Stats } from './statistics.ts';
import { createThreadPool } from './thread-pool.ts';
import { ThreadPort } from './thread-port.ts';
import { Watchdog } from './watchdog.ts';

/** On `process.exit()` the threads have this long to write what was sent and to close; clients alone may take 2 s. */
const EXIT_MS = 10_000;

/** Shown with `NODE_DEBUG=broadside`. */
const debug = debuglog('broadside');

export class Runtime {
  static readonly #shared = new Map<string, Runtime>();
  static #nextServer = 1;

  readonly commands: CommandWriter;
  readonly #events: EventReader;
  readonly #key: string;
  readonly #segment: Segment;
  readonly #control: Control;
  readonly #pool: Piscina;
  readonly #coordinatorPort: MessagePort;
  readonly #acceptor: ThreadPort<AcceptorRequest, AcceptorNotice>;
  readonly #io: ThreadPort<IoRequest, IoNotice>[] = [];
  readonly #servers = new Map<number, OpenServer>();
  readonly #tasks: Promise<void>[] = [];
  readonly #statistics: Statistics;
  readonly #watchdog: Watchdog;
  /** Why the threads can no longer end in an orderly way. */
  #beyondRepair: EngineError | undefined;
  readonly #onExit = (): void => this.#stopNow();
  #listening = new Map<number, BoundPort>();
  #unlistened = new Set<number>();
  #stopping = false;
  #ended: Promise<void> | undefined;

  /** The runtime for this tuning: a running one when there is one. */
  static for(tuning: ResolvedTuning): Runtime {
    const key = JSON.stringify(tuning);
    let runtime = Runtime.#shared.get(key);
    if (runtime === undefined) {
      runtime = new Runtime(key, tuning);
      Runtime.#shared.set(key, runtime);
    }
    return runtime;
  }

  private constructor(key: string, tuning: ResolvedTuning) {
    const { ioThreads } = tuning;
    this.#key = key;
    this.#segment = createSegment(tuning);
    this.#control = new Control(this.#segment.control, ioThreads);
    presetHeadLimit();
    this.#pool = createThreadPool(ioThreads + 2);

    const app = new MessageChannel();
    const coordinator = new MessageChannel();
    const acceptor = new MessageChannel();
    const coordinatorIoPorts: MessagePort[] = [];
    const acceptorIoPorts: MessagePort[] = [];
    const ioTasks: IoTask[] = [];
    const lanes = laneMatrix(ioThreads);
    for (let i = 0; i < ioThreads; i++) {
      const { task, toCoordinator, toAcceptor, toApp } = this.#ioTask(i, lanes[i]);
      ioTasks.push(task);
      coordinatorIoPorts.push(toCoordinator);
      acceptorIoPorts.push(toAcceptor);
      this.#io.push(new ThreadPort(this.#control, FIRST_IO_THREAD + i, toApp, (notice) => this.#onIoNotice(i, notice)));
    }
    this.#coordinatorPort = coordinator.port1;
    this.#acceptor = new ThreadPort(this.#control, ACCEPTOR_THREAD, acceptor.port1, (notice) =>
      this.#onAcceptorNotice(notice),
    );
    this.commands = new CommandWriter(this.#segment, app.port1);
    this.#events = new EventReader(this.#segment, app.port1, this.commands);
    this.#statistics = new Statistics(this.#control, this.#segment);

    const segment = this.#segment;
    const coordinatorPorts = [app.port2, coordinator.port2, ...coordinatorIoPorts];
    this.#run(
      { role: 'coordinator', segment, appPort: app.port2, controlPort: coordinator.port2, ioPorts: coordinatorIoPorts },
      coordinatorPorts,
    ).catch((error: unknown) => this.#fatal('ERR_COORDINATOR_LOST', 'the coordinator thread ended', error));
    this.#run({ role: 'acceptor', segment, controlPort: acceptor.port2, ioPorts: acceptorIoPorts }, [
      acceptor.port2,
      ...acceptorIoPorts,
    ]).catch((error: unknown) => this.#fatal('ERR_THREAD_CRASH', 'the acceptor thread ended', error));
    for (const task of ioTasks) this.#runIo(task);

    this.#watchdog = new Watchdog(this.#control, ioThreads, (error) => this.#giveUp(error));
    guardExit(this.#onExit);
    this.#events.start();
  }

  // ── Servers ──

  /** Makes a Server known to all threads; it does not listen yet. @throws ERR_OPTION_INVALID, ERR_THREAD_START */
  open(spec: Omit<ServerSpec, 'server'>, handler: RuntimeServer): number {
    const server = Runtime.#nextServer++;
    const entry: OpenServer = {
      spec: { ...spec, server },
      handler,
      descriptors: new Array(this.#io.length).fill(undefined),
      relaying: new Set(),
      unusable: undefined,
      closing: undefined,
      closed: () => {},
    };
    this.#servers.set(server, entry);
    this.#events.addServer(server, handler);
    for (const port of this.#io) port.post({ op: 'open', spec: entry.spec });
    for (const [i, port] of this.#io.entries()) {
      port.waitUntil(() => entry.descriptors[i] !== undefined || entry.unusable !== undefined || this.#isDown(i));
    }
    if (entry.unusable !== undefined) {
      void this.close(server);
      throw new EngineError('ERR_OPTION_INVALID', `the TLS options cannot be used: ${entry.unusable}`);
    }
    return server;
  }

  /** Binds a port for a Server; bound when it returns, or known to be impossible. */
  listen(server: number, port: number, host: string | undefined): BoundPort {
    const { descriptors, spec } = this.#servers.get(server) as OpenServer;
    this.#listening.delete(server);
    this.#acceptor.post({ op: 'listen', server, port, host, tls: spec.tls, descriptors });
    this.#acceptor.waitUntil(() => this.#listening.has(server));
    return this.#listening.get(server) as BoundPort;
  }

  /** Makes the I/O threads listen on private sockets in a folder, for the relay of a Node server; done when it returns. */
  relay(server: number, folder: string): void {
    const entry = this.#servers.get(server) as OpenServer;
    entry.spec = { ...entry.spec, relayFolder: folder };
    entry.relaying.clear();
    for (const port of this.#io) port.post({ op: 'relay', server, folder });
    for (const [i, port] of this.#io.entries()) port.waitUntil(() => entry.relaying.has(i) || this.#isDown(i));
  }

  /** Gives the port back, at once. */
  unlisten(server: number): void {
    this.#unlistened.delete(server);
    this.#acceptor.post({ op: 'unlisten', server });
    this.#acceptor.waitUntil(() => this.#unlistened.has(server));
  }

  /** Ends the sessions of a Server after everything sent to them; the last one takes the threads with it. */
  async close(server: number): Promise<void> {
    const entry = this.#servers.get(server);
    if (entry === undefined) return;
    const closed = new Promise<void>((resolve) => {
      entry.closed = resolve;
    });
    entry.closing = new Set(this.#io.keys());
    this.commands.closeServer(server);
    const last = [...this.#servers.values()].every(({ closing }) => closing !== undefined);
    if (last && Runtime.#shared.get(this.#key) === this) Runtime.#shared.delete(this.#key);
    await closed;
    this.#servers.delete(server);
    this.#events.removeServer(server);
    if (this.#servers.size === 0) await this.#end();
  }

  /** The application uses other hooks or origins now. */
  setHooks(server: number, hooks: number, origins: OriginsRule | null): void {
    const entry = this.#servers.get(server);
    if (entry === undefined) return;
    entry.spec = { ...entry.spec, hooks, origins };
    for (const port of this.#io) port.post({ op: 'hooks', server, hooks, origins });
  }

  /** More strangers of this network, of all with null, are let in no longer, or again. */
  blockStrangers(server: number, network: string | null, blocked: boolean): void {
    for (const port of this.#io) port.post({ op: 'strangers', server, network, blocked });
  }

  stats(): Stats {
    return this.#statistics.read();
  }

  /** Test probe: makes an I/O thread throw as a bug would. */
  crash(ioThread: number, message: string): void {
    this.#io[ioThread].post({ op: 'throw', message });
  }

  // ── notices ──

  #onIoNotice(ioThread: number, notice: IoNotice): void {
    if (notice.op === 'ask') {
      const { id, question } = notice;
      const port = this.#io[ioThread];
      const { life } = port;
      this.#servers.get(question.server)?.handler.onQuestion(question, (verdict) => {
        if (port.life === life) port.post({ op: 'verdict', id, verdict });
      });
      return;
    }
    const entry = this.#servers.get(notice.server);
    if (entry === undefined) return;
    switch (notice.op) {
      case 'opened': {
        const { server, descriptor } = notice;
        entry.descriptors[ioThread] = descriptor;
        // A restarted thread may have come to the log after the order to close.
        if (entry.closing !== undefined) this.commands.closeServer(server);
        else if (this.#listening.has(server)) this.#acceptor.post({ op: 'addChild', server, ioThread, descriptor });
        break;
      }
      case 'unusable':
        entry.unusable = notice.message;
        break;
      case 'relaying':
        entry.relaying.add(ioThread);
        break;
      case 'refused':
        entry.handler.onRefused(notice.info, notice.error);
        break;
      case 'abandoned':
        entry.handler.onAbandoned(notice.sid);
        break;
      case 'closed':
        this.#appClosed(entry, ioThread);
        break;
    }
  }

  #appClosed(entry: OpenServer, ioThread: number): void {
    entry.closing?.delete(ioThread);
    if (entry.closing?.size === 0) entry.closed();
  }

  #onAcceptorNotice(notice: AcceptorNotice): void {
    if (notice.op === 'listening') this.#listening.set(notice.server, notice);
    else this.#unlistened.add(notice.server);
  }

  // ── threads ──

  #run(task: ThreadTask, transfer: readonly MessagePort[]): Promise<void> {
    const life = this.#pool.run(task, { transferList: [...transfer] as never });
    this.#tasks.push(life.catch(() => undefined));
    return life;
  }

  #ioTask(
    ioThread: number,
    lanePorts: readonly (MessagePort | undefined)[],
  ): { task: IoTask; toCoordinator: MessagePort; toAcceptor: MessagePort; toApp: MessagePort } {
    const coordinator = new MessageChannel();
    const acceptor = new MessageChannel();
    const app = new MessageChannel();
    const task: IoTask = {
      role: 'io',
      segment: this.#segment,
      ioThread,
      coordinatorPort: coordinator.port1,
      controlPort: app.port1,
      acceptorPort: acceptor.port1,
      lanePorts,
      servers: [...this.#servers.values()].filter(({ closing }) => closing === undefined).map(({ spec }) => spec),
    };
    return { task, toCoordinator: coordinator.port2, toAcceptor: acceptor.port2, toApp: app.port2 };
  }

  #runIo(task: IoTask): void {
    const { ioThread } = task;
    const lanes = task.lanePorts.filter((port) => port !== undefined);
    this.#run(task, [task.coordinatorPort, task.controlPort, task.acceptorPort, ...lanes]).catch((error: unknown) =>
      this.#onIoCrash(ioThread, error),
    );
  }

  /** Crashed; the app thread may not have heard of it. */
  #isDown(ioThread: number): boolean {
    const state = this.#control.state(FIRST_IO_THREAD + ioThread);
    return state === STATE_DOWN || state === STATE_BURIED;
  }

  /** The coordinator already knows: it buries the sessions. Here the thread is started anew. */
  #onIoCrash(ioThread: number, cause: unknown): void {
    if (this.#stopping) return;
    if (!this.#isDown(ioThread) || this.#io[ioThread].failure !== undefined) {
      const message = `${threadName(FIRST_IO_THREAD + ioThread)} could not start: ${String(cause)}`;
      this.#throw(new EngineError('ERR_THREAD_START', message, { cause })); // nor would it the next time
      return;
    }
    const error = cause instanceof Error ? cause : new Error(String(cause));
    debug('I/O thread %d crashed: %s', ioThread, error.stack);
    for (const entry of this.#servers.values()) {
      if (entry.closing === undefined) entry.descriptors[ioThread] = undefined;
      else this.#appClosed(entry, ioThread);
    }
    const lanePorts = this.#io.map((port, other) => {
      if (other === ioThread) return undefined;
      const { port1, port2 } = new MessageChannel();
      port.post({ op: 'lane', ioThread, port: port2 }, [port2]);
      return port1;
    });
    const { task, toCoordinator, toAcceptor, toApp } = this.#ioTask(ioThread, lanePorts);
    this.#coordinatorPort.postMessage({ ioThread, port: toCoordinator } satisfies NewIoPort, [toCoordinator]);
    this.#acceptor.post({ op: 'ioPort', ioThread, port: toAcceptor }, [toAcceptor]);
    this.#io[ioThread].replace(toApp);
    this.#runIo(task);
    debug('I/O thread %d restarts', ioThread);
    for (const { handler } of this.#servers.values()) handler.onThreadCrash(ioThread, error);
  }

  #fatal(code: 'ERR_COORDINATOR_LOST' | 'ERR_THREAD_CRASH', what: string, cause: unknown): void {
    if (this.#stopping) return;
    this.#giveUp(new EngineError(code, `${what}, which the process cannot repair: ${String(cause)}`, { cause }));
  }

  #giveUp(error: EngineError): void {
    this.#beyondRepair = error;
    this.#throw(error);
  }

  /** As an uncaught exception: nobody can go on without these threads. */
  #throw(error: EngineError): void {
    setImmediate(() => {
      throw error;
    });
  }

  // ── the end ──

  #requestStop(): void {
    this.#stopping = true;
    this.#watchdog.stop();
    this.#acceptor.post({ op: 'stop' });
  }

  /** Ends all threads; every Server is closed. */
  #end(): Promise<void> {
    this.#ended ??= this.#stop();
    return this.#ended;
  }

  async #stop(): Promise<void> {
    this.#requestStop();
    this.#control.requestStop();
    this.#control.doorbell(COORDINATOR_THREAD).ring();
    await Promise.all(this.#tasks);
    unguardExit(this.#onExit);
    this.#statistics.stop();
    this.#events.stop();
    this.#coordinatorPort.close();
    this.#acceptor.close();
    for (const port of this.#io) port.close();
    await this.#pool.close();
  }

  /** The process exits: blocks until the threads have closed, or gives up on them. */
  #stopNow(): void {
    const bound = this.#beyondRepair === undefined ? EXIT_MS : 0;
    if (closeThreads(this.#control, this.#io.length, () => this.#requestStop(), bound)) return;
    // Still clearer than the abort that would follow. Node prints an uncaught exception only after this hook.
    const reason =
      this.#beyondRepair?.stack ?? `broadside: threads were still busy ${EXIT_MS} ms after the process ended`;
    writeSync(process.stderr.fd, `${reason}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
}
