/**
 * Coordinator, I/O agents and app agent on one thread, over real rings, log and ports, with fake WebSockets. An agent is
 * stepped only while its doorbell says awake, and sleeps by the protocol of the real threads: a lost wake-up leaves work
 * undone, and an agent that never sleeps is seen as spinning. Test processes run it.
 */
import assert from 'node:assert/strict';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { AppAgent, type AppHandler } from '../../core/agents/app-agent.ts';
import { Coordinator } from '../../core/agents/coordinator.ts';
import { IoAgent } from '../../core/agents/io/io-agent.ts';
import type { SocketOwner } from '../../core/agents/io/web-socket-handle.ts';
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
import { FakeSocket } from './fake-socket.ts';

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

/** A connection as its client and the application see it. */
export interface Client {
  readonly io: number;
  readonly local: number;
  readonly owner: SocketOwner;
  readonly socket: FakeSocket;
  readonly sid: string;
  /** 0 until the app has been told. */
  session: SessionNumber;
  readonly messages: (string | Buffer)[];
  /** Reason and detail the app was told. */
  closed: readonly [number, number] | undefined;
}

export class OneThread {
  readonly segment: Segment;
  readonly control: Control;
  readonly app: AppAgent;
  readonly coordinator: Coordinator;
  readonly io: (IoAgent | undefined)[] = [];
  readonly clients: Client[] = [];
  readonly stopped = new Set<number>();
  drains = 0;
  /** The clock of the I/O agents, in milliseconds; it passes `msPerLook` at each look. */
  now = 0;
  msPerLook = 0;

  readonly #spec: ServerSpec;
  readonly #toCoordinator: MessagePort;
  readonly #ports: MessagePort[] = [];
  readonly #bySid = new Map<string, Client>();
  readonly #bySession = new Map<number, Client>();
  readonly #words: Int32Array;
  readonly #idleTurns = new Map<number, number>();

  constructor(tuning: Partial<ResolvedTuning> = {}, spec: Partial<ServerSpec> = {}) {
    this.#spec = { ...SPEC, ...spec };
    this.segment = createSegment({ ...TUNING, ...tuning });
    const { ioThreads } = this.segment.tuning;
    this.control = new Control(this.segment.control, ioThreads);
    this.#words = this.control.words;
    const app = this.#channel();
    const controlChannel = this.#channel();
    const ioChannels = Array.from({ length: ioThreads }, () => this.#channel());
    this.#toCoordinator = controlChannel.port1;
    this.app = new AppAgent(this.segment, app.port1);
    this.coordinator = new Coordinator({
      role: 'coordinator',
      segment: this.segment,
      appPort: app.port2,
      controlPort: controlChannel.port2,
      ioPorts: ioChannels.map(({ port2 }) => port2),
    });
    this.app.addServer(SERVER, this.#handler());
    for (const [i, { port1 }] of ioChannels.entries()) this.#startIo(i, port1);
    this.app.start();
  }

  // ── clients ──

  /** Opens a session on an I/O thread; undefined when it has no slot free. */
  connect(io: number, { revision = 4 as 3 | 4, base64 = false } = {}): Client | undefined {
    const agent = this.#agent(io);
    const info = { method: 'GET', url: '/', headers: {}, address: '::1', secure: false, revision, base64 };
    const query = { transport: 'websocket', EIO: `${revision}`, ...(base64 ? { b64: '1' } : {}) };
    let accepted: { owner: SocketOwner; socket: FakeSocket } | undefined;
    agent.upgrade(
      SERVER,
      { info, query },
      {
        accept: (owner) => {
          const socket = new FakeSocket(() => agent.closed(owner, false));
          accepted = { owner, socket };
          agent.opened(owner, socket);
        },
        refuse: () => {},
        onAborted: undefined,
        onRefused: undefined,
        open: true,
        headers: [],
      },
    );
    if (accepted === undefined) return undefined;
    const { owner, socket } = accepted as { owner: SocketOwner; socket: FakeSocket }; // assigned in a callback
    const { sid } = JSON.parse(socket.texts[0].slice(1));
    const local = agent.sessions.find(SERVER, sid);
    const session = 0 as SessionNumber;
    const client: Client = { io, local, owner, socket, sid, session, messages: [], closed: undefined };
    this.clients.push(client);
    this.#bySid.set(sid, client);
    return client;
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

  isAwake(thread: number): boolean {
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
    this.io[io] = undefined;
    for (const client of this.clients) if (client.io === io) client.socket.isOpen = false;
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
    while (this.isAwake(COORDINATOR_THREAD) || this.io.some((agent, i) => agent && this.isAwake(FIRST_IO_THREAD + i))) {
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
    this.app.stop();
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
      lanePorts: this.segment.inboxes.map((_, other) => (other === io ? undefined : this.#channel().port1)),
      servers: [],
    };
    const host = {
      closeServer: (server: number) => this.io[io]?.endServer(server),
      stop: () => this.stopped.add(io),
      afterHandlers: (callback: () => void) => callback(),
      ask: () => {},
      report: () => {},
      abandon: () => {},
    };
    const agent = new IoAgent(task, host, () => {
      this.now += this.msPerLook;
      return this.now;
    });
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
      },
      onMessage: (session, data) => {
        const client = this.#bySession.get(session);
        assert.ok(client && client.closed === undefined, 'a message outside of its session');
        client.messages.push(data);
      },
      onUpgrade: () => assert.fail('nobody upgrades'),
      onClose: (session, reason, detail) => {
        const client = this.#bySession.get(session);
        assert.ok(client && client.closed === undefined, 'a close outside of its session');
        client.closed = [reason, detail];
      },
      onDrain: () => {
        this.drains++;
      },
    };
  }
}

function usedBytes(memory: SharedArrayBuffer): number {
  const words = new Int32Array(memory);
  const capacity = 2 ** Math.floor(Math.log2(memory.byteLength)); // the trailer is smaller than the data
  return ((words[(capacity + RING_TAIL_OFFSET) >> 2] - words[(capacity + RING_HEAD_OFFSET) >> 2]) | 0) << 3;
}
