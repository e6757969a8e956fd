/**
 * A child process full of stock clients of three generations. It follows orders, records what each client receives and
 * reports; it judges payloads only, never order or completeness.
 */
import { isDeepStrictEqual } from 'node:util';
import { withBuffers } from '../support/bytes.ts';
import { serveHost } from '../support/child.ts';
import {
  type ClientSocket,
  closeConnection,
  cutConnection,
  type Generation,
  openClient,
  openNamespace,
} from '../support/clients.ts';
import {
  type ConnectOrder,
  type DropKind,
  type HostReport,
  type HostRequest,
  type Order,
  payloadOf,
} from './protocol.ts';

/** `connecting` → `open` → `ended`; a drop ends it from any state. */
type State = 'connecting' | 'open' | 'ended';

interface Seat {
  readonly client: ClientSocket;
  state: State;
  /** How many asks were sent: the number of the last one. */
  asks: number;
  markedPhase: number;
  ending: string;
}

const damaged: string[] = [];
/** Runs after any change of a seat; `sync` replaces it while it waits. */
let onChange: () => void = () => {};

class HostedClient {
  readonly #seats = new Map<string, Seat>();
  readonly #first: ClientSocket;
  #numbers: number[] = [];

  constructor(port: number, { key, generation, namespaces }: ConnectOrder) {
    const [main, ...others] = namespaces;
    this.#first = openClient(generation, port, main, { query: { key: `${key}` } });
    this.#addSeat(main, this.#first, key, generation);
    for (const name of others) this.#addSeat(name, openNamespace(this.#first, name), key, generation);
  }

  #addSeat(namespace: string, client: ClientSocket, key: number, generation: Generation): void {
    const seat: Seat = { client, state: 'connecting', asks: 0, markedPhase: -1, ending: '' };
    this.#seats.set(namespace, seat);
    const end = (why: unknown) => {
      if (seat.state === 'ended') return;
      seat.state = 'ended';
      seat.ending = String(why);
      onChange();
    };
    client.on('connect', () => {
      if (seat.state === 'connecting') seat.state = 'open';
      onChange();
    });
    client.on('disconnect', end);
    client.on('connect_error', end);
    client.on('n', (n: number, ...rest: unknown[]) => {
      const answer = typeof rest.at(-1) === 'function' ? (rest.pop() as (n: number) => void) : undefined;
      if (!isDeepStrictEqual(withBuffers(rest), payloadOf(n))) damaged.push(`${n} at client ${key} (${generation}.x)`);
      this.#numbers.push(n);
      answer?.(n);
    });
    client.on('mark', (phase: number, answer: () => void) => {
      seat.markedPhase = phase;
      answer();
      onChange();
    });
  }

  ask({ namespace, operation, room }: Order & { kind: 'ask' }): void {
    const seat = this.#seats.get(namespace)!;
    const n = ++seat.asks;
    seat.client.emit('ask', n, operation, room, payloadOf(n));
  }

  drop(how: DropKind): void {
    const seats = [...this.#seats.values()];
    if (how === 'cut') cutConnection(this.#first);
    else if (how === 'close') closeConnection(this.#first);
    else for (const { client } of seats) client.disconnect();
    for (const seat of seats) seat.state = 'ended';
  }

  startSync(phase: number): void {
    for (const seat of this.#seats.values()) {
      if (seat.state === 'open') seat.client.emit('sync', phase, seat.asks);
    }
  }

  /** False while any namespace is in `state` and has no mark of `phase`. */
  isPast(state: State, phase = Number.POSITIVE_INFINITY): boolean {
    for (const seat of this.#seats.values()) if (seat.state === state && seat.markedPhase < phase) return false;
    return true;
  }

  report(key: number) {
    const numbers = this.#numbers;
    this.#numbers = [];
    const seats = [...this.#seats.values()];
    const gone = seats.every(({ state }) => state === 'ended');
    return { key, numbers, ...(gone && { endings: seats.map(({ ending }) => ending) }) };
  }
}

const clients = new Map<number, HostedClient>();

function follow(order: Order): void {
  if (order.kind === 'connect') {
    for (const client of order.clients) clients.set(client.key, new HostedClient(order.port, client));
  } else if (order.kind === 'ask') clients.get(order.key)?.ask(order);
  else clients.get(order.key)?.drop(order.how);
}

/** Resolves when `test` holds for every client; looks again whenever a seat changes. */
function untilAll(test: (client: HostedClient) => boolean): Promise<void> {
  const waiting = new Set(clients.values());
  return new Promise((resolve) => {
    onChange = () => {
      for (const client of waiting) {
        if (!test(client)) return;
        waiting.delete(client);
      }
      onChange = () => {};
      resolve();
    };
    onChange();
  });
}

async function sync(phase: number): Promise<HostReport> {
  await untilAll((client) => client.isPast('connecting'));
  for (const client of clients.values()) client.startSync(phase);
  await untilAll((client) => client.isPast('open', phase));
  const reports = [...clients].map(([key, client]) => client.report(key));
  for (const { key, endings } of reports) if (endings) clients.delete(key);
  return { clients: reports, damaged: damaged.splice(0) };
}

const nothing: HostReport = { clients: [], damaged: [] };

serveHost<HostRequest, HostReport>((request) => {
  if (request.kind === 'sync') return sync(request.phase);
  for (const order of request.orders) follow(order);
  return nothing;
});
