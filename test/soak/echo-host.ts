/**
 * A child process with one stock client that measures echo round trips until it is told to stop. It asks by the clock, not
 * after each answer: otherwise quick answers would be measured often and slow ones seldom.
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

const ASK_EVERY_MS = 5;

const report: EchoReport = { roundTripsMs: [], wrong: 0 };
let asked = 0;
let stopAsking: () => void = () => {};
let onAnswer: () => void = () => {};

function start(port: number, namespace: string): Promise<EchoReport> {
  const client = openClient(4, port, namespace);
  const ask = () => {
    const question = ++asked;
    const at = performance.now();
    client.emit('echo', question, (answer: number) => {
      report.roundTripsMs.push(performance.now() - at);
      if (answer !== question) report.wrong++;
      onAnswer();
    });
  };
  return new Promise((resolve) => {
    client.on('connect', () => {
      const timer = setInterval(ask, ASK_EVERY_MS);
      stopAsking = () => clearInterval(timer);
      resolve(report);
    });
  });
}

/** Resolves when the last question has its answer. */
function stop(): Promise<EchoReport> {
  stopAsking();
  return new Promise((resolve) => {
    onAnswer = () => {
      if (report.roundTripsMs.length === asked) resolve(report);
    };
    onAnswer();
  });
}

serveHost<EchoRequest, EchoReport>((request) =>
  request.kind === 'start' ? start(request.port, request.namespace) : stop(),
);
