/**
 * The acceptor's thread: owns the listening ports and hands each connection to an I/O thread in turn. Nothing else
 * happens here, so that neither a busy app thread nor a heavy fan-out stops accepting.
 */

import { App, SSLApp, type us_listen_socket, us_listen_socket_close, us_socket_local_port } from 'uWebSockets.js';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import type { AcceptorNotice, AcceptorRequest, AcceptorTask, RemoveChild } from '../core/agents/segment.ts';
import { Control, STATE_CLOSED, STATE_RUNNING } from '../core/shm/control.ts';
import { ACCEPTOR_THREAD } from '../core/shm/layout.ts';
import { rest } from '../core/shm/rest.ts';
import { statusLine } from './local-exchange.ts';
import { type AcceptorApp, LIBUS_LISTEN_EXCLUSIVE_PORT, twoTurns } from './uws.ts';

/** The loop turns at least this often, so that the watchdog sees a beat. */
const BEAT_MS = 500;
/**
 * After each turn of the loop connections may gather for so long. A thread that wakes up for each of them costs as much
 * again as accepting it; a lone one, after a quiet while, is accepted at once.
 */
const GATHER_MS = 2;
const FREE_PORT_ATTEMPTS = 16;

interface Listener {
  readonly app: AcceptorApp;
  readonly socket: us_listen_socket;
  /** App of each I/O thread; undefined while that thread is down. */
  readonly children: unknown[];
}

type ListenRequest = Extract<AcceptorRequest, { op: 'listen' }>;

/** A port that waits for the address of its host. */
interface Pending {
  readonly server: number;
  readonly children: unknown[];
}

function bind(app: AcceptorApp, port: number, host: string | undefined): us_listen_socket | false {
  let bound: us_listen_socket | false = false;
  const onListen = (socket: us_listen_socket | false): void => {
    bound = socket;
  };
  if (host === undefined) app.listen(port, LIBUS_LISTEN_EXCLUSIVE_PORT, onListen);
  else app.listen(host, port, LIBUS_LISTEN_EXCLUSIVE_PORT, onListen);
  return bound;
}

/**
 * Any free port. uWebSockets.js sets SO_REUSEADDR only for a port that is named, and without it nobody could listen on
 * the port again while old connections linger: so a free one is looked up first, then named.
 */
function bindFree(app: AcceptorApp, host: string | undefined): us_listen_socket | false {
  for (let attempt = 0; attempt < FREE_PORT_ATTEMPTS; attempt++) {
    const found = bind(app, 0, host);
    if (found === false) return false;
    const port = us_socket_local_port(found);
    us_listen_socket_close(found);
    const bound = bind(app, port, host);
    if (bound !== false) return bound; // else somebody took it in between
  }
  return false;
}

export async function runAcceptor(task: AcceptorTask): Promise<void> {
  const control = new Control(task.segment.control, task.segment.tuning.ioThreads);
  /** By server, which may listen on several ports. */
  const listeners = new Map<number, Listener[]>();
  /** I/O threads from `removeChild` to their next life. The app thread may not know yet and name their dead apps. */
  const down = new Set<number>();
  const pending = new Set<Pending>();
  const closing: Promise<void>[] = [];
  let apps = 0;
  const beat = setInterval(() => control.beat(ACCEPTOR_THREAD), BEAT_MS);

  const countApps = (change: number): void => {
    apps += change;
    control.setApps(ACCEPTOR_THREAD, apps);
  };

  const tell = (notice: AcceptorNotice): void => {
    task.controlPort.postMessage(notice);
    control.notice(ACCEPTOR_THREAD);
  };

  const listen = ({ server, port, tls }: ListenRequest, address: string | undefined, children: unknown[]): void => {
    const app = (tls === null ? App() : SSLApp({ ...tls })) as unknown as AcceptorApp;
    // While no I/O thread is up connections stay here: closed by the answer, or they would never reach the next thread.
    app.any('/*', (response) => void response.writeStatus(statusLine(503)).end(undefined, true));
    const bound = port === 0 ? bindFree(app, address) : bind(app, port, address);
    if (bound === false) {
      app.close();
      tell({ op: 'listening', server, port: -1, address });
      return;
    }
    for (const child of children) if (child !== undefined) app.addChildAppDescriptor(child);
    countApps(1);
    listeners.set(server, [...(listeners.get(server) ?? []), { app, socket: bound, children }]);
    tell({ op: 'listening', server, port: us_socket_local_port(bound), address });
  };

  /** A name is looked up here: uWebSockets.js does not say which of its addresses it took. */
  const listenOnHost = async (request: ListenRequest): Promise<void> => {
    const { server, host, descriptors } = request;
    const children = descriptors.map((descriptor, ioThread) => (down.has(ioThread) ? undefined : descriptor));
    if (host === undefined || isIP(host) !== 0) {
      listen(request, host, children);
      return;
    }
    const waiting = { server, children };
    pending.add(waiting);
    const found = await lookup(host).catch(() => undefined);
    if (!pending.delete(waiting)) return; // given up meanwhile
    if (found === undefined) tell({ op: 'listening', server, port: -1, address: host });
    else listen(request, found.address, children);
  };

  const close = async (app: AcceptorApp): Promise<void> => {
    await twoTurns();
    app.close();
    countApps(-1);
  };

  const unlisten = (server: number): void => {
    for (const waiting of pending) if (waiting.server === server) pending.delete(waiting);
    for (const { app, socket, children } of listeners.get(server) ?? []) {
      us_listen_socket_close(socket); // the port is free from here on
      for (const child of children) if (child !== undefined) app.removeChildAppDescriptor(child);
      closing.push(close(app));
    }
    listeners.delete(server);
  };

  const addChild = ({ server, ioThread, descriptor }: Extract<AcceptorRequest, { op: 'addChild' }>): void => {
    if (down.has(ioThread)) return;
    for (const { app, children } of listeners.get(server) ?? []) {
      children[ioThread] = descriptor;
      app.addChildAppDescriptor(descriptor);
    }
  };

  const removeChild = (ioThread: number): void => {
    down.add(ioThread);
    for (const { app, children } of [...listeners.values()].flat()) {
      if (children[ioThread] !== undefined) app.removeChildAppDescriptor(children[ioThread]);
      children[ioThread] = undefined;
    }
    for (const { children } of pending) children[ioThread] = undefined;
  };

  const adopt = (ioThread: number, port: MessagePort): void => {
    port.on('message', (message: RemoveChild) => {
      removeChild(ioThread);
      port.postMessage(message);
    });
  };

  // Without a reference an immediate wakes nobody: it runs when something else has made the loop turn.
  let gathering: NodeJS.Immediate;
  const gather = (): void => {
    rest(GATHER_MS);
    gathering = setImmediate(gather).unref();
  };

  for (const [ioThread, port] of task.ioPorts.entries()) adopt(ioThread, port);
  gathering = setImmediate(gather).unref();
  control.setState(ACCEPTOR_THREAD, STATE_RUNNING);

  await new Promise<void>((resolve) => {
    task.controlPort.on('message', (request: AcceptorRequest) => {
      switch (request.op) {
        case 'listen':
          void listenOnHost(request);
          break;
        case 'addChild':
          addChild(request);
          break;
        case 'ioPort':
          down.delete(request.ioThread);
          adopt(request.ioThread, request.port);
          break;
        case 'unlisten':
          unlisten(request.server);
          tell({ op: 'unlistened', server: request.server });
          break;
        case 'stop':
          pending.clear();
          for (const server of [...listeners.keys()]) unlisten(server);
          resolve();
          break;
      }
    });
  });

  clearImmediate(gathering);
  await Promise.all(closing);
  clearInterval(beat);
  control.setState(ACCEPTOR_THREAD, STATE_CLOSED);
  task.controlPort.close();
}
