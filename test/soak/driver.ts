/**
 * Drives a server with random calls and keeps the model beside it: every call on the server has its prediction in the
 * next statement, with nothing between. The soak tests run it on the app thread.
 */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Server, Socket } from 'socket.io';
import type { ClientHost } from '../support/child.ts';
import { generations } from '../support/clients.ts';
import { type Random, SEED } from '../support/random.ts';
import { within } from '../support/wait-for.ts';
import { type Audience, type Member, Model } from './model.ts';
import { randomCall } from './operations.ts';
import {
  type DropKind,
  type HostReport,
  type HostRequest,
  NAMESPACES,
  type Order,
  payloadOf,
  type RoomOperation,
} from './protocol.ts';

/** A connected socket with its place in the model. */
export interface Live {
  readonly socket: Socket;
  readonly member: Member;
  /** Number of the last ask of this client, in wire order. */
  asks: number;
  /** What to call for each ack that has not come, should the client end first. */
  readonly unanswered: Set<() => void>;
}

export class Driver {
  readonly io: Server;
  readonly random: Random;
  readonly model = new Model();
  /** Connected sockets; the order is arbitrary. */
  readonly live: Live[] = [];
  /** What must not happen, as text; empty at the end of a good run. */
  readonly faults: string[] = [];
  readonly roomNames: readonly string[];

  readonly #port: number;
  readonly #hosts: readonly ClientHost<HostRequest, HostReport>[];
  readonly #orders: Order[][];
  #lastKey = 0;
  #lastNumber = 0;
  #phase = 0;
  readonly #marks: Promise<void>[] = [];
  readonly #acks: Promise<void>[] = [];

  constructor(
    io: Server,
    port: number,
    hosts: readonly ClientHost<HostRequest, HostReport>[],
    random: Random,
    rooms: number,
  ) {
    this.io = io;
    this.random = random;
    this.#port = port;
    this.#hosts = hosts;
    this.#orders = hosts.map(() => []);
    this.roomNames = Array.from({ length: rooms }, (_, i) => `room ${i}`);
    for (const namespace of NAMESPACES) io.of(namespace).on('connection', (socket) => this.#onConnection(socket));
  }

  /** Has `count` further clients connect; they arrive in their own time. */
  addClients(count: number): void {
    for (let i = 0; i < count; i++) {
      const key = ++this.#lastKey;
      const generation = generations[key % 3];
      const namespaces = this.random.chance(0.3) ? [...NAMESPACES] : ['/'];
      // Only later generations can be in a namespace without being in the main one.
      if (generation > 2 && this.random.chance(0.15)) namespaces.splice(0, 2, '/chat');
      this.model.expectClient(key);
      this.order(key, { kind: 'connect', port: this.#port, clients: [{ key, generation, namespaces }] });
    }
  }

  /** Queues an order for the host of client `key`; it leaves at the end of the turn. */
  order(key: number, order: Order): void {
    this.#orders[key % this.#hosts.length].push(order);
  }

  #sendOrders(): void {
    for (const [i, host] of this.#hosts.entries()) {
      if (this.#orders[i].length > 0) host.post({ kind: 'orders', orders: this.#orders[i].splice(0) });
    }
  }

  #onConnection(socket: Socket): void {
    const member = this.model.enter(Number(socket.handshake.query.key), socket.nsp.name, socket.id);
    const live: Live = { socket, member, asks: 0, unanswered: new Set() };
    this.live.push(live);
    // Greeting in the handler: the first thing after CONNECT, and part of the prediction.
    this.unicast(live);
    // The first room grows large, the others stay small: the two have different shapes in shared memory.
    if (this.random.chance(0.6)) this.changeRooms(live, 'join', this.roomNames[0]);
    this.changeRooms(live, 'join', this.random.pick(this.roomNames));
    socket.on('ask', (n: number, operation: RoomOperation, room: string, payload: unknown[]) => {
      if (n !== ++live.asks) this.faults.push(`client ${member.connection.key}: ask ${n} came as number ${live.asks}`);
      const expected = payloadOf(n);
      if (!isDeepStrictEqual(payload, expected)) this.faults.push(`ask ${n} came with a damaged payload`);
      this.changeRooms(live, operation, room);
      this.unicast(live);
    });
    socket.on('sync', (phase: number, asks: number) => {
      if (asks !== live.asks) this.faults.push(`client ${member.connection.key}: ${live.asks} of ${asks} asks came`);
      this.#marks.push(this.#answered(live, 'mark', phase));
    });
    socket.on('disconnect', (reason) => {
      this.model.exit(member);
      this.live.splice(this.live.indexOf(live), 1);
      for (const giveUp of live.unanswered) giveUp();
      if (member.connection.endedBy === 'nobody') this.faults.push(`client ${member.connection.key}: ${reason}`);
    });
  }

  /** Resolves when the client has acknowledged, or is gone. */
  #answered({ socket, unanswered }: Live, event: string, ...args: unknown[]): Promise<void> {
    return new Promise((resolve) => {
      unanswered.add(resolve);
      socket.emit(event, ...args, () => {
        unanswered.delete(resolve);
        resolve();
      });
    });
  }

  unicast(live: Live, options: { ack?: boolean } = {}): void {
    const { socket, member } = live;
    const n = ++this.#lastNumber;
    if (options.ack) this.#acks.push(this.#answered(live, 'n', n, ...payloadOf(n)));
    else socket.emit('n', n, ...payloadOf(n));
    this.model.unicast(member, n);
  }

  /** To rooms and without rooms or ids, from the namespace or, with a sender, from a socket. */
  broadcast(namespace: string, audience: Audience, sender?: Live): void {
    const { rooms = [], except = [] } = audience;
    const n = ++this.#lastNumber;
    const from = sender ? sender.socket.broadcast : this.io.of(namespace);
    const toRooms = rooms.reduce<ReturnType<Socket['to']>>((operator, room) => operator.to(room), from.except([]));
    const operator = except.length > 0 ? toRooms.except([...except]) : toRooms;
    operator.emit('n', n, ...payloadOf(n));
    this.model.broadcast(namespace, n, { rooms, except, sender: sender?.member });
  }

  changeRooms({ socket, member }: Live, operation: RoomOperation, room: string): void {
    socket[operation](room);
    if (operation === 'join') member.rooms.add(room);
    else member.rooms.delete(room);
  }

  /** The server ends the namespace, or with `close` every namespace and the connection. */
  end({ socket, member }: Live, close: boolean): void {
    member.connection.endedBy = 'server';
    socket.disconnect(close);
  }

  /** The client ends; what it had received by then is its own affair. */
  drop({ member }: Live, how: DropKind): void {
    member.connection.endedBy = 'client';
    this.order(member.connection.key, { kind: 'drop', key: member.connection.key, how });
  }

  /** Makes `calls` random calls in turns of a few each. */
  async run(calls: number): Promise<void> {
    for (let left = calls; left > 0; ) {
      const turn = Math.min(left, this.random.between(1, 25));
      for (let i = 0; i < turn; i++) randomCall(this);
      left -= turn;
      this.#sendOrders();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Flushes everything, then compares what every client received with the prediction. */
  async settle(): Promise<void> {
    this.#sendOrders();
    const phase = ++this.#phase;
    const reports = await Promise.all(
      this.#hosts.map((host) => host.request({ kind: 'sync', phase }, `the flush of phase ${phase}`)),
    );
    // Marks and acks answer on the wire, reports came past it.
    await within(Promise.all([...this.#marks.splice(0), ...this.#acks.splice(0)]), `the last ack of phase ${phase}`);
    const reported = new Set(reports.flatMap(({ clients }) => clients.map(({ key }) => key)));
    for (const key of this.model.keys) if (!reported.has(key)) this.faults.push(`nobody reported client ${key}`);
    for (const { clients, damaged } of reports) {
      for (const text of damaged) this.faults.push(`damaged message ${text}`);
      for (const report of clients) {
        const fault = this.model.settle(report);
        if (fault) this.faults.push(fault);
      }
    }
    assert.deepEqual(this.faults.slice(0, 20), [], `${this.faults.length} faults, BROADSIDE_SEED=${SEED}`);
  }
}
