/**
 * Coordinator, I/O agents and both ends of the app thread on one thread, over real rings, log and ports, with fake
 * WebSockets. An agent is stepped only while its doorbell says awake, and sleeps by the protocol of the real threads: a
 * lost wake-up leaves work undone, and an agent that never sleeps is seen as spinning. Test processes run it.
 */
import assert from 'node:assert/strict';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { CommandWriter } from '../../core/agents/command-writer.ts';
import { Coordinator } from '../../core/agents/coordinator.ts';
import { type AppHandler, EventReader, type SessionHandler } from '../../core/agents/event-reader.ts';
import { IoAgent } from '../../core/agents/io/io-agent.ts';
import type { SocketRequest } from '../../core/agents/io/web-socket-handle.ts';
import { createSegment, type NewIoPort, type Segment, type ServerSpec } from '../../core/agents/segment.ts';
import type { ResolvedTuning } from '../../core/options.ts';
import type { SessionNumber } from '../../core/session/ids.ts';
import { Control, counterIndex, STATE_ATTACHING, STATE_DOWN, STATE_RUNNING } from '../../core/shm/control.ts';
import {
  COORDINATOR_THREAD,
  doorbellOffset,
  FIRST_IO_THREAD,
  RING_HEAD_OFFSET,
  RING_TAIL_OFFSET,
} from '../../core/shm/layout.ts';
import { FakeExchange } from './fake-exchange.ts';
import { FakeLanes } from './fake-lanes.ts';
import { FakeSocket } from './fake-socket.ts';
import { type Ask, type Client, type Peer, requestOf, type Upgrading } from './peers.ts';

export type { Client } from './peers.ts';

export const SERVER = 1;

const SPEC: ServerSpec = {
  server: SERVER,
  path: '/socket.io',
  pingInterval: 25_000,
  pingTimeout: 20_000,
  maxHttpBufferSize: 4_000_000,
  maxClientBufferBytes: 10_000,
  bodyTimeout: 20_000,
  maxUrlBytes: 8192,
  maxHeaderBytes: 16_384,
  allowEIO3: true,
  transports: ['polling', 'websocket'],
  allowUpgrades: true,
  upgradeTimeout: 10_000,
  addTrailingSlash: true,
  cors: null,
  origins: null,
  cookie: null,
  httpCompression: null,
  perMessageDeflate: { threshold: 0 },
  tls: null,
  client: null,
  application: null,
  relayFolder: null,
  hooks: 0,
};

const TUNING: ResolvedTuning = {
  ioThreads: 2,
  maxConnections: 64,
  logBytes: 64 * 1024,
  ringBytes: 64 * 1024,
  batchRecords: 8,
  flushUs: 0,
};

/** Turns without any progress after which an agent that stays awake counts as spinning. */
const SPIN_TURNS = 1000;

export class OneThread {
  readonly segment: Segment;
  readonly control: Control;
  readonly app: CommandWriter;
  readonly #events: EventReader;
  readonly coordinator: Coordinator;
  readonly io: (IoAgent | undefined)[] = [];
  readonly clients: Client[] = [];
  readonly stopped = new Set<number>();
  readonly lanes: FakeLanes;
  drains = 0;
  /** The clock of the I/O agents, in milliseconds; it passes `msPerLook` at each look. */
  now = 0;
  msPerLook = 0;
  readonly #clientsPerLook: number | undefined;

  readonly #spec: ServerSpec;
  readonly #toCoordinator: MessagePort;
  readonly #ports: MessagePort[] = [];
  readonly #bySid = new Map<string, Peer>();
  readonly #bySession = new Map<number, Peer>();
  readonly #words: Int32Array;
  readonly #idleTurns = new Map<number, number>();

  /** @param clientsPerLook clients that an I/O agent writes to before it looks at log and clock again */
  constructor(tuning: Partial<ResolvedTuning> = {}, spec: Partial<ServerSpec> = {}, clientsPerLook?: number) {
    this.#clientsPerLook = clientsPerLook;
    this.#spec = { ...SPEC, ...spec };
    this.segment = createSegment({ ...TUNING, ...tuning });
    const { ioThreads } = this.segment.tuning;
    this.lanes = new FakeLanes(ioThreads);
    this.control = new Control(this.segment.control, ioThreads);
    this.#words = this.control.words;
    const app = this.#channel();
    const controlChannel = this.#channel();
    const ioChannels = Array.from({ length: ioThreads }, () => this.#channel());
    this.#toCoordinator = controlChannel.port1;
    this.app = new CommandWriter(this.segment, app.port1);
    this.#events = new EventReader(this.segment, app.port1, this.app);
    this.coordinator = new Coordinator({
      role: 'coordinator',
      segment: this.segment,
      appPort: app.port2,
      controlPort: controlChannel.port2,
      ioPorts: ioChannels.map(({ port2 }) => port2),
    });
    this.#events.addServer(SERVER, this.#handler());
    for (const [i, { port1 }] of ioChannels.entries()) this.#startIo(i, port1);
    this.#events.start();
  }

  // ── clients ──

  /** Opens a session on an I/O thread; undefined when it has no slot free. */
  connect(io: number, { revision = 4 as 3 | 4, base64 = false } = {}): Client | undefined {
    const query = { transport: 'websocket', EIO: `${revision}`, ...(base64 ? { b64: '1' } : {}) };
    const { owner, socket } = this.upgrade(io, query);
    if (owner === undefined || socket === undefined) return undefined;
    const { sid } = JSON.parse(socket.texts[0].slice(1));
    const local = this.#agent(io).sessions.find(SERVER, sid);
    const session = 0 as SessionNumber;
    const client: Client = { io, local, owner, socket, sid, session, messages: [], closed: undefined };
    this.clients.push(client);
    this.expect(client);
    return client;
  }

  /** A session that the app is about to hear of. */
  expect(peer: Peer): void {
    this.#bySid.set(peer.sid, peer);
  }

  /** A WebSocket upgrade request. */
  upgrade(io: number, query: Ask['query']): Upgrading {
    const agent = this.#agent(io);
    const result: Upgrading = { socket: undefined, owner: undefined, refused: undefined, abort: () => {} };
    const request: SocketRequest = {
      accept: (owner) => {
        const socket = new FakeSocket(() => {
          if (this.io[io] === agent) agent.closed(owner, false);
        });
        Object.assign(result, { owner, socket });
        agent.opened(owner, socket);
      },
      refuse: (code) => {
        result.refused = code;
      },
      onAborted: undefined,
      onRefused: undefined,
      open: true,
      headers: [],
    };
    result.abort = () => {
      if (request.onAborted !== undefined) agent.body(request.onAborted);
    };
    agent.upgrade(SERVER, requestOf({ query }), request);
    return result;
  }

  /** An HTTP request; the body of a post comes with `sendBody`. */
  http(io: number, ask: Ask): FakeExchange {
    const agent = this.#agent(io);
    const exchange = new FakeExchange(io, agent);
    agent.http(SERVER, requestOf(ask), exchange, (receiver) => {
      exchange.receiver = receiver;
    });
    return exchange;
  }

  /** The client sends a text message. */
  say(client: Client, text: string): void {
    this.frame(client, Buffer.from(`4${text}`), false);
  }

  /** The client sends a WebSocket frame. */
  frame(client: Client, bytes: Uint8Array, isBinary: boolean): void {
    this.#agent(client.io).frame(client.owner, bytes, isBinary);
  }

  // ── threads ──

  /** During a turn of the app thread the coordinator only naps: it finds what was not rung for. */
  isAwake(thread: number): boolean {
    if (thread === COORDINATOR_THREAD && this.control.appInTurn && this.coordinator.hasWork()) return true;
    return this.#words[doorbellOffset(thread) >> 2] === 0;
  }

  /** One turn of the coordinator, if it is awake. */
  stepCoordinator(): void {
    this.#step(
      COORDINATOR_THREAD,
      () => this.coordinator.doWork() > 0,
      () => this.coordinator.hasWork(),
    );
  }

  /** One turn of an I/O thread, if it is awake and alive. */
  stepIo(io: number): void {
    const agent = this.io[io];
    if (agent === undefined) return;
    this.#step(
      FIRST_IO_THREAD + io,
      () => agent.doWork(),
      () => agent.hasWork(),
    );
  }

  /** The timer of an I/O thread. */
  tick(io: number): void {
    this.io[io]?.tick();
  }

  /** An I/O thread dies as after an exception: its clients are cut off, the coordinator is told. */
  crash(io: number): void {
    const { openCount } = this.#agent(io).sessions;
    this.control.counters(FIRST_IO_THREAD + io)[counterIndex('sessionsClosed')] += openCount;
    this.#agent(io).die();
    this.io[io] = undefined;
    for (const client of this.clients) if (client.io === io) client.socket.isOpen = false;
    this.lanes.forget(io);
    this.control.setState(FIRST_IO_THREAD + io, STATE_DOWN);
    this.control.doorbell(COORDINATOR_THREAD).ring();
  }

  /** Starts the successor of a buried thread. */
  restart(io: number): void {
    const { port1, port2 } = this.#channel();
    this.#toCoordinator.postMessage({ ioThread: io, port: port2 } satisfies NewIoPort, [port2]);
    this.#startIo(io, port1);
  }

  /** One turn of the event loop: the app thread reads events. */
  async turnApp(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Runs everything until all threads sleep and the app has read all events. */
  async settle(): Promise<void> {
    for (let still = 0, waited = 0; still < 4; ) {
      const moved = this.settleBlocked();
      const pending = this.pendingEventBytes > 0;
      await this.turnApp();
      for (let i = 0; i < this.io.length; i++) if (this.io[i]?.isBackedUp) this.tick(i);
      still = moved || pending ? 0 : still + 1;
      waited = moved ? 0 : waited + 1;
      assert.ok(waited < SPIN_TURNS, 'all threads sleep, and events wait for the app');
    }
  }

  /** Runs all threads but the app thread until they sleep; true when one had something to do. */
  settleBlocked(): boolean {
    let turns = 0;
    const isBusy = (): boolean =>
      this.isAwake(COORDINATOR_THREAD) || this.io.some((agent, i) => agent && this.isAwake(FIRST_IO_THREAD + i));
    const deliver = (): boolean => this.io.some((agent, i) => agent && this.lanes.deliver(i));
    while (deliver() || isBusy()) {
      this.stepCoordinator();
      for (let i = 0; i < this.io.length; i++) this.stepIo(i);
      assert.ok(++turns < 100 * SPIN_TURNS, 'threads keep one another awake for ever');
    }
    return turns > 0;
  }

  /** Bytes of events that the app has not freed. */
  get pendingEventBytes(): number {
    return usedBytes(this.segment.events);
  }

  /** Bytes of commands that the coordinator has not freed. */
  get pendingCommandBytes(): number {
    return usedBytes(this.segment.commands);
  }

  close(): void {
    this.#events.stop();
    for (const port of this.#ports) port.close();
  }

  #channel(): MessageChannel {
    const channel = new MessageChannel();
    this.#ports.push(channel.port1, channel.port2);
    return channel;
  }

  #agent(io: number): IoAgent {
    const agent = this.io[io];
    assert.ok(agent, `I/O thread ${io} is down`);
    return agent;
  }

  #startIo(io: number, port: MessagePort): void {
    const thread = FIRST_IO_THREAD + io;
    this.control.setState(thread, STATE_ATTACHING);
    this.control.doorbell(COORDINATOR_THREAD).ring();
    this.coordinator.doWork();
    assert.equal(this.control.state(thread), STATE_RUNNING);
    this.control.doorbell(thread).cancelSleep();
    const unused = this.#channel();
    const task = {
      role: 'io' as const,
      segment: this.segment,
      ioThread: io,
      coordinatorPort: port,
      controlPort: unused.port1,
      acceptorPort: unused.port2,
      lanePorts: this.lanes.start(io, (other, port) => this.io[other]?.connectLane(io, port)),
      servers: [],
    };
    const host = {
      closeServer: (server: number) => void this.io[io]?.endServer(server),
      stop: () => this.stopped.add(io),
      afterHandlers: (callback: () => void) => callback(),
      ask: () => {},
      report: () => {},
      abandon: () => {},
    };
    const clock = (): number => {
      this.now += this.msPerLook;
      return this.now;
    };
    const agent = new IoAgent(task, host, clock, this.#clientsPerLook);
    agent.openServer(this.#spec);
    this.io[io] = agent;
  }

  #step(thread: number, doWork: () => boolean, hasWork: () => boolean): void {
    if (!this.isAwake(thread)) return;
    if (doWork()) {
      this.#idleTurns.set(thread, 0);
      return;
    }
    const doorbell = this.control.doorbell(thread);
    doorbell.prepareSleep();
    if (!hasWork()) {
      this.#idleTurns.set(thread, 0);
      return;
    }
    doorbell.cancelSleep();
    const idle = (this.#idleTurns.get(thread) ?? 0) + 1;
    assert.ok(idle < SPIN_TURNS, `thread ${thread} finds work in ${idle} turns and does none`);
    this.#idleTurns.set(thread, idle);
  }

  #handler(): AppHandler {
    return {
      onOpen: (session, sid) => {
        const client = this.#bySid.get(sid);
        assert.ok(client, 'an open that no client made');
        client.session = session;
        assert.ok(!this.#bySession.has(session), 'a session number came twice');
        this.#bySession.set(session, client);
        return this.#sessionHandler(client);
      },
      onDrain: () => {
        this.drains++;
      },
    };
  }

  #sessionHandler(client: Peer): SessionHandler {
    return {
      onOpened: () => {},
      onMessage: (data) => {
        assert.ok(client.closed === undefined, 'a message outside of its session');
        client.messages.push(data);
      },
      onUpgrade: () => {
        assert.ok(client.closed === undefined, 'an upgrade outside of its session');
        assert.equal(client.upgradedAt, undefined, 'a session upgrades once');
        client.upgradedAt = client.messages.length;
      },
      onClose: (reason, detail) => {
        assert.ok(client.closed === undefined, 'a close outside of its session');
        client.closed = [reason, detail];
      },
    };
  }
}

function usedBytes(memory: SharedArrayBuffer): number {
  const words = new Int32Array(memory);
  const capacity = 2 ** Math.floor(Math.log2(memory.byteLength)); // the trailer is smaller than the data
  return ((words[(capacity + RING_TAIL_OFFSET) >> 2] - words[(capacity + RING_HEAD_OFFSET) >> 2]) | 0) << 3;
}
