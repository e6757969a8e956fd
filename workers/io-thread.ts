/**
 * An I/O thread: attaches memory, opens one uWebSockets.js app per Server, and drives the agent from the event loop.
 * Decides nothing about sessions; ends in one of two ways, both with every app closed.
 */
import { App, SSLApp } from 'uWebSockets.js';
import { rmSync } from 'node:fs';
import { IoAgent } from '../core/agents/io/io-agent.ts';
import type { IoHost } from '../core/agents/io/io-host.ts';
import { relaySocketPath } from '../core/agents/relay-address.ts';
import type { IoNotice, IoRequest, IoTask, RemoveChild, ServerSpec } from '../core/agents/segment.ts';
import {
  Control,
  counterIndex,
  STATE_ATTACHING,
  STATE_BURIED,
  STATE_CLOSED,
  STATE_DOWN,
  STATE_STARTING,
} from '../core/shm/control.ts';
import { COORDINATOR_THREAD, FIRST_IO_THREAD } from '../core/shm/layout.ts';
import { serveEngine } from './engine-app.ts';
import { tellFailedStart } from './failed-start.ts';
import { openSpareCork, type SpareCork } from './spare-cork.ts';
import { type ChildApp, twoTurns } from './uws.ts';

/** While the inbox is full it is tried again after this. */
const BACKED_UP_RETRY_MS = 5;
/** Clients may take this long for what waits for them when their server closes. */
const DRAIN_MS = 2000;
const DRAIN_POLL_MS = 5;
/** After their end sockets stay open this long: closed with unread bytes in them, they would be reset. */
const LAST_WORDS_MS = 50;
/** The coordinator answers within this, or the process is beyond repair. */
const ATTACH_MS = 30_000;
/** While waiting for its answer the coordinator's life is checked this often. */
const COORDINATOR_POLL_MS = 100;

/** Blocks until the coordinator has taken the thread out of `state`; false when the coordinator has ended. */
function answered(control: Control, thread: number, state: number): boolean {
  const deadline = performance.now() + ATTACH_MS;
  while (control.state(thread) === state) {
    if (control.state(COORDINATOR_THREAD) === STATE_CLOSED) return false;
    if (performance.now() > deadline) throw new Error('the coordinator did not answer');
    control.waitWhileState(thread, state, COORDINATOR_POLL_MS);
  }
  return true;
}

/**
 * Waits for a place in the log. A thread that follows a crashed one first waits until that one's sessions are buried.
 * False when the last record has been written meanwhile: there is nothing to do any more.
 */
function attach(control: Control, thread: number): boolean {
  if (!answered(control, thread, STATE_DOWN)) return false;
  const state = control.state(thread);
  if (state !== STATE_STARTING && state !== STATE_BURIED) throw new Error(`a thread cannot start from state ${state}`);
  control.setState(thread, STATE_ATTACHING);
  control.doorbell(COORDINATOR_THREAD).ring();
  return answered(control, thread, STATE_ATTACHING);
}

export async function runIoThread(task: IoTask): Promise<void> {
  const thread = FIRST_IO_THREAD + task.ioThread;
  const control = new Control(task.segment.control, task.segment.tuning.ioThreads);
  if (!attach(control, thread)) {
    control.setState(thread, STATE_CLOSED);
    task.controlPort.close();
    task.acceptorPort.close();
    return;
  }

  const apps = new Map<number, ChildApp>();
  const relays = new Map<number, ChildApp>();
  const specs = new Map<number, ServerSpec>();
  /** Opened first, closed last. */
  let spareCork: Promise<SpareCork> | undefined;
  const countApps = (): void => control.setApps(thread, apps.size + relays.size + (spareCork === undefined ? 0 : 1));
  const now = (): number => performance.now();
  let finish: () => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const life = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });

  const host: IoHost = {
    closeServer: (server) => void closeServer(server).catch(die),
    afterHandlers: (callback) => void setImmediate(callback),
    ask: (id, question) => tell({ op: 'ask', id, question }),
    report: (server, info, error) => tell({ op: 'refused', server, info, error }),
    abandon: (server, sid) => tell({ op: 'abandoned', server, sid }),
    stop: () => void closeAll().then(finish, die),
  };
  const agent = new IoAgent(task, host, now);
  const { doorbell } = agent;

  // ── the pump ──
  /** DOWN: after an exception, apps still open. */
  let phase: 'up' | 'down' | 'closed' = 'up';
  const alive = (): boolean => phase !== 'down';
  let retry: NodeJS.Timeout | undefined;

  const pump = (): void => {
    if (phase !== 'up') return;
    if (agent.doWork()) {
      setImmediate(pump);
      return;
    }
    if (agent.isBackedUp && retry === undefined) {
      retry = setTimeout(() => {
        retry = undefined;
        agent.tick();
      }, BACKED_UP_RETRY_MS);
    }
    doorbell.prepareSleep();
    if (agent.hasWork()) {
      doorbell.cancelSleep();
      setImmediate(pump);
      return;
    }
    const rung = doorbell.sleepAsync();
    if (rung === undefined) setImmediate(pump);
    else void rung.then(pump);
  };

  let ticker: NodeJS.Timeout | undefined;
  const startTicker = (): void => {
    clearInterval(ticker);
    ticker = setInterval(() => agent.tick(), agent.tickMs);
  };

  // ── servers ──
  const tell = (notice: IoNotice): void => {
    task.controlPort.postMessage(notice);
    control.notice(thread);
  };

  const openServer = (spec: ServerSpec, cork: SpareCork): void => {
    agent.openServer(spec);
    let app: ChildApp;
    try {
      app = (spec.tls === null ? App() : SSLApp({ ...spec.tls })) as ChildApp;
    } catch (error) {
      tell({ op: 'unusable', server: spec.server, message: String(error) }); // closed again by the app thread
      return;
    }
    apps.set(spec.server, app);
    specs.set(spec.server, spec);
    countApps();
    serveEngine(app, { agent, spec, relayed: false, alive, cork });
    startTicker();
    if (spec.relayFolder !== null) openRelay(spec, spec.relayFolder, cork);
    tell({ op: 'opened', server: spec.server, descriptor: app.getDescriptor() });
  };

  /** Listens for the relay of a Node server on a private socket; a second app, because only this one believes it. */
  const openRelay = (spec: ServerSpec, folder: string, cork: SpareCork): void => {
    const app = App() as ChildApp;
    serveEngine(app, { agent, spec: { ...spec, tls: null }, relayed: true, alive, cork });
    const path = relaySocketPath(folder, task.ioThread);
    rmSync(path, { force: true }); // of this thread's last life
    app.listen_unix((socket) => {
      if (!socket) throw new Error(`cannot listen on ${path}`);
    }, path);
    relays.set(spec.server, app);
    countApps();
    tell({ op: 'relaying', server: spec.server });
  };

  const closeApp = (server: number): void => {
    for (const kind of [apps, relays]) {
      kind.get(server)?.close();
      kind.delete(server);
    }
    specs.delete(server);
    countApps();
  };

  const lastWords = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS));

  const drain = async (server: number): Promise<void> => {
    const deadline = now() + DRAIN_MS;
    while (agent.bufferedBytes(server) > 0 && now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
  };

  /** The acceptor no longer knows this app: the app thread took the port away before it said so. */
  const closeServer = async (server: number): Promise<void> => {
    await drain(server);
    if (agent.endServer(server) > 0) await lastWords();
    await twoTurns();
    closeApp(server);
    tell({ op: 'closed', server });
  };

  const closeApps = async (): Promise<void> => {
    await twoTurns();
    for (const server of [...apps.keys()]) closeApp(server);
    const cork = await spareCork?.catch(() => undefined); // without one the thread ends for that reason
    cork?.close();
    spareCork = undefined;
    countApps();
  };

  /** The way out on request: the acceptor has stopped before the last record was written. */
  const closeAll = async (): Promise<void> => {
    await drain(-1);
    let ended = 0;
    for (const server of apps.keys()) ended += agent.endServer(server);
    if (ended > 0) await lastWords();
    await closeApps();
    end(STATE_CLOSED);
  };

  const end = (state: number): void => {
    phase = 'closed';
    clearInterval(ticker);
    clearTimeout(retry);
    process.off('uncaughtException', die);
    task.controlPort.close();
    task.acceptorPort.close();
    agent.closeLanes();
    control.setState(thread, state);
  };

  // ── the way out after an exception ──
  const acceptorDone = (): Promise<void> =>
    new Promise((resolve) => {
      task.acceptorPort.once('message', () => resolve());
      task.acceptorPort.once('close', () => resolve()); // the acceptor ended first
      task.acceptorPort.postMessage({ op: 'removeChild' } satisfies RemoveChild);
    });

  /**
   * The coordinator is told at once, so that nobody waits for this thread's cursor; the apps are closed after the
   * acceptor has let go of them. The state DOWN is left for the coordinator to bury: from then on nothing may be written
   * to the inbox, because slots named there might already be another life's.
   */
  function die(error: unknown): void {
    if (phase !== 'up') return;
    phase = 'down';
    agent.die();
    control.counters(thread)[counterIndex('sessionsClosed')] += agent.sessions.openCount;
    process.off('uncaughtException', die);
    const late = (next: unknown): void => process.emitWarning(`while an I/O thread closes: ${String(next)}`);
    process.on('uncaughtException', late);
    control.setState(thread, STATE_DOWN);
    control.doorbell(COORDINATOR_THREAD).ring();
    control.notice(thread); // the app thread may be waiting for this thread's answer
    void acceptorDone()
      .then(closeApps)
      .then(() => {
        process.off('uncaughtException', late);
        clearInterval(ticker);
        clearTimeout(retry);
        task.controlPort.close();
        task.acceptorPort.close();
        fail(error);
      });
  }
  process.on('uncaughtException', die);

  const start = (cork: SpareCork): void => {
    if (phase !== 'up') return;
    task.controlPort.on('message', (request: IoRequest) => {
      if (phase !== 'up') return; // the next life opens what is open then
      if (request.op === 'open') openServer(request.spec, cork);
      else if (request.op === 'relay') openRelay(specs.get(request.server) as ServerSpec, request.folder, cork);
      else if (request.op === 'verdict') agent.verdict(request.id, request.verdict);
      else if (request.op === 'strangers') agent.blockStrangers(request.server, request.network, request.blocked);
      else if (request.op === 'hooks') agent.setHooks(request.server, request.hooks, request.origins);
      else if (request.op === 'lane') agent.connectLane(request.ioThread, request.port);
      else throw new Error(request.message);
    });
    for (const spec of task.servers) openServer(spec, cork);
    startTicker();
    pump();
  };
  spareCork = openSpareCork();
  countApps();
  const startless = (error: unknown): void => {
    tellFailedStart(task, error);
    die(error);
  };
  spareCork.then(start, startless).catch(die);
  return life;
}
