/**
 * The acceptor's thread: owns the listening ports and hands each connection to an I/O thread in turn. Nothing else
 * happens here, so that neither a busy app thread nor a heavy fan-out stops accepting.
 */
import type { MessagePort } from 'node:worker_threads';
import { App, type us_listen_socket, us_listen_socket_close, us_socket_local_port } from 'uWebSockets.js';
import type { AcceptorNotice, AcceptorRequest, AcceptorTask, RemoveChild } from '../core/agents/segment.ts';
import { Control, STATE_CLOSED, STATE_RUNNING } from '../core/shm/control.ts';
import { ACCEPTOR_THREAD } from '../core/shm/layout.ts';
import { type AcceptorApp, LIBUS_LISTEN_EXCLUSIVE_PORT, twoTurns } from './uws.ts';

/** The loop turns at least this often, so that the watchdog sees a beat. */
const BEAT_MS = 500;

interface Listener {
  readonly app: AcceptorApp;
  readonly socket: us_listen_socket;
  /** App of each I/O thread; undefined while that thread is away. */
  readonly children: unknown[];
}

export async function runAcceptor(task: AcceptorTask): Promise<void> {
  const control = new Control(task.segment.control, task.segment.tuning.ioThreads);
  const listeners = new Map<number, Listener>();
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

  const listen = ({ server, port, host, descriptors }: Extract<AcceptorRequest, { op: 'listen' }>): void => {
    const app = App() as unknown as AcceptorApp;
    let bound: us_listen_socket | false = false;
    const onListen = (socket: us_listen_socket | false): void => {
      bound = socket;
    };
    if (host === undefined) app.listen(port, LIBUS_LISTEN_EXCLUSIVE_PORT, onListen);
    else app.listen(host, port, LIBUS_LISTEN_EXCLUSIVE_PORT, onListen);
    if (bound === false) {
      app.close();
      tell({ op: 'listening', server, port: -1 });
      return;
    }
    for (const descriptor of descriptors) app.addChildAppDescriptor(descriptor);
    countApps(1);
    listeners.set(server, { app, socket: bound, children: [...descriptors] });
    tell({ op: 'listening', server, port: us_socket_local_port(bound) });
  };

  const unlisten = (server: number): void => {
    const listener = listeners.get(server);
    if (listener === undefined) return;
    listeners.delete(server);
    us_listen_socket_close(listener.socket); // the port is free from here on
    for (const child of listener.children) if (child !== undefined) listener.app.removeChildAppDescriptor(child);
    const close = async (): Promise<void> => {
      await twoTurns();
      listener.app.close();
      countApps(-1);
    };
    closing.push(close());
  };

  const removeChild = (ioThread: number): void => {
    for (const { app, children } of listeners.values()) {
      if (children[ioThread] !== undefined) app.removeChildAppDescriptor(children[ioThread]);
      children[ioThread] = undefined;
    }
  };

  const adopt = (ioThread: number, port: MessagePort): void => {
    port.on('message', (message: RemoveChild) => {
      removeChild(ioThread);
      port.postMessage(message);
    });
  };

  for (const [ioThread, port] of task.ioPorts.entries()) adopt(ioThread, port);
  control.setState(ACCEPTOR_THREAD, STATE_RUNNING);

  await new Promise<void>((resolve) => {
    task.controlPort.on('message', (request: AcceptorRequest) => {
      switch (request.op) {
        case 'listen':
          listen(request);
          break;
        case 'addChild': {
          const listener = listeners.get(request.server);
          if (listener === undefined) break; // closed meanwhile
          listener.children[request.ioThread] = request.descriptor;
          listener.app.addChildAppDescriptor(request.descriptor);
          break;
        }
        case 'ioPort':
          adopt(request.ioThread, request.port);
          break;
        case 'unlisten':
          unlisten(request.server);
          tell({ op: 'unlistened', server: request.server });
          break;
        case 'stop':
          for (const server of [...listeners.keys()]) unlisten(server);
          resolve();
          break;
      }
    });
  });

  await Promise.all(closing);
  clearInterval(beat);
  control.setState(ACCEPTOR_THREAD, STATE_CLOSED);
  task.controlPort.close();
}
