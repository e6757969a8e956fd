/**
 * What the I/O agent asks of the thread that drives it.
 */
import type { ConnectionError } from '../../wire/connection-errors.ts';
import type { RequestInfo } from '../../wire/request-info.ts';
import type { Question } from './gate.ts';

export interface IoHost {
  /** Everything before was written: call `endServer` once clients have taken it, then close the app. */
  closeServer(server: number): void;
  /** Calls back when the sockets that were ready have been read: what they sent wakes the coordinator once. */
  afterHandlers(callback: () => void): void;
  /** Asks the app thread about a request; `verdict` brings the answer. */
  ask(id: number, question: Question): void;
  /** Tells the app thread of a refused request. */
  report(server: number, info: RequestInfo, error: ConnectionError): void;
  /** Tells the app thread that a session whose id it was asked for never opens. */
  abandon(server: number, sid: string): void;
  /** The last record was read: the same for every server, then end the thread. */
  stop(): void;
}
