/**
 * One client that upgrades under continuous traffic both ways, with the order of every step of every agent, lane and
 * client drawn from a seed; a model says what must arrive where. Tests of upgrades run it on one thread.
 */
import assert from 'node:assert/strict';
import type { RowNumber } from '../../core/session/ids.ts';
import { STATE_BURIED } from '../../core/shm/control.ts';
import { FIRST_IO_THREAD } from '../../core/shm/layout.ts';
import { type Client, OneThread } from './one-thread.ts';
import { Random, SEED, seedOf } from './random.ts';
import { Roamer } from './roamer.ts';

export interface WalkSettings {
  readonly random: Random;
  readonly ioThreads: number;
  readonly from: number;
  readonly to: number;
  readonly revision?: 3 | 4;
  /** Now and then a payload that travels in a region of its own. */
  readonly large?: boolean;
  readonly steps?: number;
  /** The upgrade may begin before anybody but the owner has heard of the session. */
  readonly early?: boolean;
  readonly bystanders?: number;
}

const LARGE = 'L'.repeat(66_000);
const SLOTS = 64;
const BYSTANDERS = 9;

/**
 * Runs `body` with one seed after another, all from the seed of the process; a failure names its own.
 *
 * @param name of the test: each has seeds of its own
 */
export async function inOrders(orders: number, name: string, body: (random: Random) => Promise<void>): Promise<void> {
  const seeds = new Random(seedOf(name));
  for (let order = 0; order < orders; order++) {
    const seed = seeds.next();
    try {
      await body(new Random(seed));
    } catch (error) {
      if (error instanceof Error) error.message = `order ${order} of BROADSIDE_SEED=${SEED}: ${error.message}`;
      throw error;
    }
  }
}

export class UpgradeWalk {
  readonly setup: OneThread;
  readonly random: Random;
  roamer!: Roamer;
  readonly settings: WalkSettings;
  /** One on each thread, in the same room: what they get shows that nobody else is disturbed. */
  readonly bystanders: Client[] = [];
  /** What the application sent to the client, and to everybody. */
  readonly due: string[] = [];
  /** The application has ended the session: what it sends from then on is for nobody. */
  ended = false;
  /** Nobody disturbs the clients of these threads. */
  readonly lost = new Set<number>();
  readonly #room: RowNumber;
  readonly #toAll: string[] = [];
  #number = 0;
  #isGreeted = false;

  private constructor(settings: WalkSettings) {
    this.settings = settings;
    this.random = settings.random;
    const { ioThreads, bystanders = BYSTANDERS } = settings;
    const batchRecords = this.random.pick([1, 2, 8]);
    this.setup = new OneThread(
      { ioThreads, batchRecords, logBytes: 16_384, ringBytes: 32_768, maxConnections: SLOTS },
      { maxClientBufferBytes: 4_000_000 },
      this.random.pick([1, 3, 32]),
    );
    this.#room = this.setup.app.allocateRow();
    // So many that readers are referred to targets they have kept.
    for (let i = 0; i < bystanders; i++) this.bystanders.push(this.setup.connect(i % ioThreads) as Client);
  }

  static async start(settings: WalkSettings): Promise<UpgradeWalk> {
    const walk = new UpgradeWalk(settings);
    await walk.setup.settle();
    for (const { session } of walk.bystanders) walk.setup.app.join(session, [walk.#room]);
    walk.roamer = new Roamer(walk.setup, settings.from, settings.revision);
    if (!settings.early) await walk.setup.settle();
    return walk;
  }

  /** The application puts the client into the room once it has heard of it. */
  greet(): void {
    if (this.#isGreeted || this.roamer.session === 0 || this.roamer.closed !== undefined) return;
    this.#isGreeted = true;
    this.setup.app.join(this.roamer.session, [this.#room]);
  }

  /** The whole of a plain run: talk, upgrade at a random moment, talk on, compare. */
  async run(): Promise<void> {
    const { to, steps = 150 + 150 * this.random.below(3) } = this.settings;
    const upgradeAt = this.random.below(steps / 3);
    for (let step = 0; step < steps; step++) {
      if (step === upgradeAt) this.roamer.upgrade(to);
      await this.step();
    }
    await this.finish();
  }

  /** Steps until `condition`, which must come; true if it came. */
  async until(condition: () => boolean, steps = 600): Promise<boolean> {
    for (let step = 0; step < steps; step++) {
      if (condition()) return true;
      await this.step();
    }
    return condition();
  }

  /** A step of somebody. */
  async step(): Promise<void> {
    const { setup, random, roamer } = this;
    const { ioThreads } = this.settings;
    this.greet();
    setup.msPerLook = random.pick([0, 0, 2, 6]); // 6: a turn ends after its first clients, while others wait
    const io = random.below(ioThreads);
    const dice = random.below(100);
    if (dice < 15) setup.stepCoordinator();
    else if (dice < 35) setup.stepIo(io);
    else if (dice < 50) {
      if (setup.io[io] !== undefined) setup.lanes.deliverFrom(io, (lanes) => random.below(lanes));
    } else if (dice < 58) await setup.turnApp();
    else if (dice < 64)
      await null; // a message of a thread to itself
    else if (dice < 84) roamer.step(io, random.below(4));
    else if (dice < 92) this.#emit();
    else if (roamer.said.length < 200) this.say();
    setup.msPerLook = 0;
  }

  /** Runs everything to its end, dead threads restarted. */
  async finish(): Promise<void> {
    const { setup, roamer, random } = this;
    for (let still = 0; still < 3; ) {
      await setup.settle();
      this.restartBuried();
      const before = `${roamer.phase} ${roamer.received.length} ${roamer.isIdle} ${roamer.over}`;
      for (let kind = 0; kind < 8; kind++) roamer.step(random.below(this.settings.ioThreads), kind);
      await setup.settle();
      const after = `${roamer.phase} ${roamer.received.length} ${roamer.isIdle} ${roamer.over}`;
      still = before === after ? still + 1 : 0;
    }
  }

  restartBuried(): void {
    const { setup } = this;
    for (let i = 0; i < setup.io.length; i++) {
      if (setup.io[i] === undefined && setup.control.state(FIRST_IO_THREAD + i) === STATE_BURIED) setup.restart(i);
    }
  }

  /** A thread dies, and with it the connections that the client has there. */
  crash(io: number): void {
    this.lost.add(io);
    this.setup.crash(io);
    this.roamer.threadDied(io);
  }

  // ── what must be ──

  /** Nothing lost, doubled or out of order, either way; the session lives on the WebSocket. */
  checkComplete(): void {
    const { roamer } = this;
    assert.equal(roamer.over, undefined);
    assert.equal(roamer.closed, undefined);
    assert.equal(roamer.phase, 'live');
    assert.notEqual(roamer.upgradedAt, undefined, 'the app was told of the upgrade');
    this.checkTraffic(true);
  }

  /** The client got everything, or a prefix after an end; so did the app. Bystanders got everything. */
  checkTraffic(complete: boolean): void {
    const { roamer, due, bystanders } = this;
    same(roamer.received, complete ? due : due.slice(0, roamer.received.length), 'to the client');
    const { messages, said } = roamer;
    same(messages as string[], complete ? said : said.slice(0, messages.length), 'to the app');
    for (const { socket, io, closed } of bystanders) {
      if (this.lost.has(io)) continue;
      same(socket.messages, this.#toAll, 'to a bystander');
      assert.equal(closed, undefined);
    }
  }

  /** The session is known everywhere, and polls no more. */
  async checkMoved(): Promise<void> {
    for (let io = 0; io < this.setup.io.length; io++) {
      assert.equal(await this.#ask(io), '{"code":3,"message":"Bad request"}', `asked on thread ${io}`);
    }
  }

  /** After the session's end: no slot, no tombstone, no request is left of it on any thread. */
  async checkNothingLeft(): Promise<void> {
    const { setup, roamer } = this;
    roamer.hangUp();
    roamer.poll?.abort();
    roamer.post?.abort();
    for (let i = 0; i < 12; i++) {
      setup.now += 10_000; // nobody answers pings, what lingers is forgotten
      for (let io = 0; io < setup.io.length; io++) setup.tick(io);
      await setup.settle();
      this.restartBuried();
    }
    assert.ok(roamer.closed !== undefined, 'the app is told of the end');
    for (let io = 0; io < setup.io.length; io++) {
      assert.equal(await this.#ask(io), '{"code":1,"message":"Session ID unknown"}', `asked on thread ${io}`);
    }
    for (const [io, agent] of setup.io.entries()) {
      assert.ok(agent);
      assert.equal(agent.sessions.openCount, 0);
      const others: Client[] = [];
      for (let other = setup.connect(io); other !== undefined; other = setup.connect(io)) others.push(other);
      assert.equal(others.length, agent.sessions.count, `every slot of thread ${io} is free again`);
      for (const other of others) other.socket.hangUp(); // the limit is one for all threads
      await setup.settle();
    }
    setup.close();
  }

  async #ask(io: number): Promise<string> {
    const exchange = this.setup.http(io, { query: this.roamer.query });
    await this.setup.settle();
    return exchange.text;
  }

  #emit(): void {
    const { setup, random, roamer } = this;
    if (setup.pendingCommandBytes > 16_384) return;
    if (roamer.session > 0 && random.chance(0.4)) this.sendOne();
    else this.sendAll();
  }

  /** The application sends to the client, which it must have heard of. */
  sendOne(): void {
    const text = this.#text();
    this.setup.app.send(this.roamer.session, [text], 0);
    if (this.#isHere) this.due.push(text);
  }

  /** The application sends to the room. */
  sendAll(): void {
    const text = this.#text();
    const room = { rows: [this.#room], sessions: [], exceptRows: [], exceptSessions: [] };
    this.setup.app.broadcast(room, [text], 0);
    if (this.#isHere) this.due.push(text);
    this.#toAll.push(text);
  }

  /** The client says something. */
  say(): void {
    this.roamer.say(`${this.#number++}${this.#filler(0.1)}`);
  }

  get #isHere(): boolean {
    return this.#isGreeted && this.roamer.closed === undefined && !this.ended;
  }

  #text(): string {
    return `${this.#number++}${this.#filler(0.05)}`;
  }

  #filler(probability: number): string {
    return this.settings.large && this.random.chance(probability) ? LARGE : ':'.repeat(this.random.below(200));
  }
}

/** Messages differ in their first characters, so a failure needs to show no more. */
function same(actual: readonly string[], expected: readonly string[], what: string): void {
  const brief = (texts: readonly string[]): string[] => texts.map((text) => text.replace(/(:+|L+)$/, ''));
  assert.deepEqual(brief(actual), brief(expected), what);
  assert.ok(
    actual.every((text, i) => text === expected[i]),
    `${what}: contents`,
  );
}
