/**
 * A child process with thousands of lean clients in one namespace. It checks that each receives 1, 2, 3 ... without a gap
 * and reports; answering heartbeats is all it sends.
 */
import { serveHost } from '../support/child.ts';
import { LeanClient } from '../support/lean-client.ts';
import { LEAN_EVENT, LEAN_NAMESPACE, type LeanReport, type LeanRequest } from './lean-protocol.ts';

const CONNECTED = `0${LEAN_NAMESPACE},`;
const NUMBERED = `2${LEAN_NAMESPACE},["${LEAN_EVENT}",`;
/** Connections opened at a time, to stay below the backlog of the listening port. */
const CONNECTING_AT_ONCE = 200;

const report: LeanReport = { clients: 0, received: 0, closed: 0, gaps: 0 };
/** The last number each client received; infinite once it is gone. */
const lastNumbers: number[] = [];
let awaited = Number.POSITIVE_INFINITY;
let behind = 0;
let onNobodyBehind: () => void = () => {};

function advance(client: number, n: number): void {
  const wasBehind = lastNumbers[client] < awaited;
  lastNumbers[client] = n;
  if (wasBehind && n >= awaited && --behind === 0) onNobodyBehind();
}

function open(port: number): Promise<void> {
  const client = lastNumbers.push(0) - 1;
  return new Promise((resolve) => {
    new LeanClient({
      port,
      connectPacket: CONNECTED,
      onPacket: (text) => {
        if (text.startsWith(NUMBERED)) {
          const n = Number.parseInt(text.slice(NUMBERED.length), 10);
          if (n !== lastNumbers[client] + 1) report.gaps++;
          report.received++;
          advance(client, n);
        } else if (text.startsWith(CONNECTED)) resolve();
      },
      onClose: () => {
        report.closed++;
        advance(client, Number.POSITIVE_INFINITY);
        resolve();
      },
    });
  });
}

async function connect(port: number, count: number): Promise<LeanReport> {
  for (let left = count; left > 0; left -= CONNECTING_AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(left, CONNECTING_AT_ONCE) }, () => open(port)));
  }
  report.clients += count;
  return report;
}

function untilAllReceived(last: number): Promise<LeanReport> {
  awaited = last;
  behind = lastNumbers.filter((n) => n < last).length;
  return new Promise((resolve) => {
    onNobodyBehind = () => resolve(report);
    if (behind === 0) resolve(report);
  });
}

serveHost<LeanRequest, LeanReport>((request) =>
  request.kind === 'connect' ? connect(request.port, request.count) : untilAllReceived(request.last),
);
