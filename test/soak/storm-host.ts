/**
 * A child process full of stock clients that start on polling and upgrade, half of them through a proxy that delays what
 * passes by random times without reordering it. It records what comes, emits on its own, and judges nothing.
 */
import { type AddressInfo, createServer, connect as openConnection, type Socket } from 'node:net';
import { serveHost } from '../support/child.ts';
import { type ClientSocket, type Generation, generations, openClient } from '../support/clients.ts';
import { Random } from '../support/random.ts';
import type { EventSource } from '../support/wait-for.ts';

export type StormRequest =
  | { readonly kind: 'start'; readonly port: number; readonly clients: number; readonly seed: number }
  /** Ends the emits; answered once each client knows that its last one was heard. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'report' };

export interface StormReport {
  readonly key: number;
  /** Numbers of the server's messages, in order of arrival. */
  readonly numbers: number[];
  readonly emitted: number;
  readonly transport: string;
  /** Why it lost its connection, or the WebSocket it was to move to. */
  readonly ending: string;
}

const MAX_DELAY_MS = 25;
const EMIT_EVERY_MS = 15;

interface Seat {
  readonly key: number;
  readonly client: ClientSocket;
  readonly numbers: number[];
  emitted: number;
  ending: string;
}

const seats: Seat[] = [];
let timer: NodeJS.Timeout | undefined;

/** Passes bytes on in order, each chunk at a random time after the one before. */
function delay(from: Socket, to: Socket, random: Random): void {
  let last = Promise.resolve();
  const pass = (action: () => void): void => {
    const wait = random.below(MAX_DELAY_MS);
    last = last.then(() => new Promise((resolve) => setTimeout(resolve, wait))).then(action);
  };
  from.on('data', (chunk) => pass(() => void to.write(chunk)));
  from.on('end', () => pass(() => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => pass(() => to.destroy()));
}

function startProxy(port: number, random: Random): Promise<number> {
  const proxy = createServer((client) => {
    const server = openConnection(port, '127.0.0.1');
    client.setNoDelay();
    server.setNoDelay();
    delay(client, server, random);
    delay(server, client, random);
  });
  return new Promise((resolve) => proxy.listen(0, '127.0.0.1', () => resolve((proxy.address() as AddressInfo).port)));
}

function seat(key: number, port: number): Promise<void> {
  const generation: Generation = generations[key % 3];
  const client = openClient(generation, port, '/', {
    transports: ['polling', 'websocket'],
    query: { key: String(key) },
  });
  const own: Seat = { key, client, numbers: [], emitted: 0, ending: '' };
  seats.push(own);
  const { engine } = client.io as unknown as { engine: EventSource };
  engine.on('upgradeError', (error: Error) => {
    own.ending ||= String(error);
  });
  client.on('n', (n: number) => own.numbers.push(n));
  client.on('disconnect', (reason: string) => {
    own.ending ||= reason;
  });
  return new Promise((resolve) => client.on('connect', () => resolve()));
}

async function start({ port, clients, seed }: Extract<StormRequest, { kind: 'start' }>): Promise<void> {
  const random = new Random(seed);
  const delayed = await startProxy(port, random);
  timer = setInterval(() => {
    for (const own of seats) if (own.client.connected && random.chance(0.5)) own.client.emit('m', ++own.emitted);
  }, EMIT_EVERY_MS);
  const all: Promise<void>[] = [];
  for (let key = 0; key < clients; key++) {
    all.push(seat(key, key % 2 === 0 ? port : delayed));
    if (key % 5 === 0) await new Promise((resolve) => setTimeout(resolve, random.below(40))); // they come at random moments
  }
  await Promise.all(all);
}

async function stop(): Promise<void> {
  clearInterval(timer);
  await Promise.all(
    seats.map(({ client, emitted }) => new Promise<void>((resolve) => client.emit('last', emitted, () => resolve()))),
  );
}

function report(): StormReport[] {
  return seats.map(({ key, client, numbers, emitted, ending }) => {
    const { engine } = client.io as unknown as { engine: { transport: { name: string } } };
    return { key, numbers, emitted, ending, transport: engine.transport.name };
  });
}

serveHost<StormRequest, StormReport[]>(async (request) => {
  if (request.kind === 'start') await start(request);
  else if (request.kind === 'stop') await stop();
  return report();
});
