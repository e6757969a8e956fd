/**
 * A Server beside the threads it shares: what it is told, and what the runtime knows of it. App thread.
 */
import type { ConnectionError } from '../wire/connection-errors.ts';
import type { RequestInfo } from '../wire/request-info.ts';
import type { AppHandler } from './event-reader.ts';
import type { Question, Verdict } from './io/gate.ts';
import type { ServerSpec } from './segment.ts';

/** What a Server tells the threads, and is told. */
export interface RuntimeServer extends AppHandler {
  /** An I/O thread has parked a request until it gets the answer. */
  onQuestion(question: Question, answer: (verdict: Verdict) => void): void;
  /** An I/O thread has refused a request. */
  onRefused(info: RequestInfo, error: ConnectionError): void;
  /** A session whose id was asked for by a question never opens. */
  onAbandoned(sid: string): void;
  /** An I/O thread crashed; its clients have been or will be reported as closed. */
  onThreadCrash(ioThread: number, error: Error): void;
}

/** A Server as the runtime keeps it. */
export interface OpenServer {
  /** As a restarted thread is to know it. */
  spec: ServerSpec;
  readonly handler: RuntimeServer;
  /** I/O threads that listen for a relay. */
  readonly relaying: Set<number>;
  /** App of each I/O thread. */
  readonly descriptors: unknown[];
  /** Why an I/O thread could make no app for it. */
  unusable: string | undefined;
  /** I/O threads that have not yet closed its app. */
  closing: Set<number> | undefined;
  closed: () => void;
}
