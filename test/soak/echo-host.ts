/**
 * A child process with one stock client that measures echo round trips one after the other until it is told to stop.
 */
import { serveHost } from '../support/child.ts';
import { openClient } from '../support/clients.ts';

/** First request: connect and start measuring. Second: stop. Each is answered with the round trips so far. */
export type EchoRequest = { kind: 'start'; port: number; namespace: string } | { kind: 'stop' };

export interface EchoReport {
  /** Milliseconds per round trip, in order. */
  roundTripsMs: number[];
  /** Answers that did not belong to their question. */
  wrong: number;
}

const report: EchoReport = { roundTripsMs: [], wrong: 0 };
let stopping: ((report: EchoReport) => void) | undefined;

function start(port: number, namespace: string): Promise<EchoReport> {
  const client = openClient(4, port, namespace);
  let asked = 0;
  const ask = () => {
    const question = ++asked;
    const at = performance.now();
    client.emit('echo', question, (answer: number) => {
      report.roundTripsMs.push(performance.now() - at);
      if (answer !== question) report.wrong++;
      if (stopping) stopping(report);
      else setImmediate(ask);
    });
  };
  return new Promise((resolve) => {
    client.on('connect', () => {
      ask();
      resolve(report);
    });
  });
}

serveHost<EchoRequest, EchoReport>((request) => {
  if (request.kind === 'start') return start(request.port, request.namespace);
  return new Promise((resolve) => {
    stopping = resolve;
  });
});
