/**
 * Every state that an upgrade can pass through, found by trying each order of the steps that the client, the coordinator,
 * the I/O threads and the lanes between them can take. A step runs its agent until that has nothing more to do, and states
 * that look alike are visited once: that keeps the number of orders small. Tests of upgrades run it on one thread.
 */
import assert from 'node:assert/strict';
import { COORDINATOR_THREAD, FIRST_IO_THREAD } from '../../core/shm/layout.ts';
import { SERVER } from './one-thread.ts';
import { Random } from './random.ts';
import { UpgradeWalk } from './upgrade-walk.ts';

/** How far an upgrade has come, named after what has just happened. */
export const PHASES = [
  'asked',
  'open',
  'probed',
  'committed',
  'moved',
  'old thread knows',
  'new thread knows',
  'queue under way',
  'live',
] as const;
export type Phase = (typeof PHASES)[number];

export interface Place {
  readonly ioThreads: number;
  readonly from: number;
  readonly to: number;
  /** Thread that the client's polls and posts meet. */
  readonly via: number;
  readonly revision: 3 | 4;
}

/** A step by its actor: 'client', 'coordinator', 'thread 1', or 'lane 0 to 1', which delivers one message. */
type Step = string;

export interface State {
  readonly phase: Phase;
  /** From the start of the upgrade to here. */
  readonly path: readonly Step[];
}

/** Here both sides say something, so that there is something to lose, double or reorder. */
const TALKATIVE: ReadonlySet<Phase> = new Set<Phase>(['asked', 'committed']);

/** The body of a post before the next post, so that a post stays open between two steps. */
const CLIENT_PARTS = [0, 2, 1, 3];

export class SteppedUpgrade {
  readonly walk: UpgradeWalk;
  readonly place: Place;
  readonly #oldLocal: number;
  #spokenIn: Phase | undefined;

  private constructor(walk: UpgradeWalk, place: Place) {
    this.walk = walk;
    this.place = place;
    this.#oldLocal = walk.setup.io[place.from]?.sessions.find(SERVER, walk.roamer.sid) ?? -1;
  }

  /** The session is open and polls; its client has just asked for a WebSocket. */
  static async start(place: Place, random = new Random(0)): Promise<SteppedUpgrade> {
    const walk = await UpgradeWalk.start({ ...place, random, bystanders: place.ioThreads });
    walk.greet();
    await walk.setup.settle();
    const { roamer } = walk;
    for (let kind = 0; kind < 4; kind++) roamer.step(place.via, kind);
    await walk.setup.settle();
    const stepped = new SteppedUpgrade(walk, place);
    roamer.upgrade(place.to);
    await walk.setup.turnApp(); // delivers what a thread posts to itself
    stepped.#speak();
    return stepped;
  }

  get phase(): Phase {
    const { walk, place } = this;
    const { roamer, setup } = walk;
    const [old, fresh] = [setup.io[place.from], setup.io[place.to]];
    if (roamer.socket === undefined) return 'asked';
    if (roamer.phase !== 'live') return roamer.socket.frames.length === 0 ? 'open' : 'probed';
    if (roamer.upgradedAt === undefined) return 'committed';
    const oldKnows = old?.sessions.isOpen(this.#oldLocal) === false;
    const newLocal = fresh?.sessions.find(SERVER, roamer.sid) ?? -1;
    if (oldKnows && fresh?.sessions.sockets[newLocal] !== undefined) return 'live';
    const newKnows = !setup.isAwake(FIRST_IO_THREAD + place.to) || (oldKnows && place.from === place.to);
    if (oldKnows) return newKnows ? 'queue under way' : 'old thread knows';
    return newKnows ? 'new thread knows' : 'moved';
  }

  /** Whoever can take a step. */
  get steps(): Step[] {
    const { setup, roamer } = this.walk;
    const steps: Step[] = [];
    if (roamer.canStep) steps.push('client');
    if (setup.isAwake(COORDINATOR_THREAD)) steps.push('coordinator');
    for (let io = 0; io < setup.io.length; io++) {
      if (setup.isAwake(FIRST_IO_THREAD + io) && this.#readsAlone(io)) steps.push(`thread ${io}`);
      for (const lane of setup.lanes.waiting(io).keys()) steps.push(`lane ${lane} to ${io}`);
    }
    return steps;
  }

  /** All that matters for what comes next. */
  get fingerprint(): string {
    const { setup, roamer, due } = this.walk;
    const mail = setup.io.map((_, io) => setup.lanes.waiting(io));
    const heard = this.walk.bystanders.map(({ socket }) => socket.frames.length);
    const bytes = [setup.pendingCommandBytes, setup.pendingEventBytes];
    return JSON.stringify([this.phase, this.steps, roamer.standing, mail, due.length, heard, bytes]);
  }

  async take(step: Step): Promise<void> {
    const { setup, roamer } = this.walk;
    const [kind, first, , second] = step.split(' ');
    if (kind === 'client') for (const part of CLIENT_PARTS) roamer.step(this.place.via, part);
    else if (kind === 'lane') setup.lanes.deliverFrom(Number(second), () => Number(first));
    else if (kind === 'thread') this.#runIo(Number(first));
    else {
      const isAwake = (): boolean => setup.isAwake(COORDINATOR_THREAD);
      runWhile(isAwake, () => setup.stepCoordinator());
      for (let io = 0; io < setup.io.length; io++) if (!this.#readsAlone(io)) this.#runIo(io);
    }
    do await setup.turnApp();
    while (setup.pendingEventBytes > 0);
    this.#speak();
  }

  /** Only from the client's upgrade packet on the log says something of the upgrade, to the two threads that it is about. */
  #readsAlone(io: number): boolean {
    const { from, to } = this.place;
    return this.walk.roamer.phase === 'live' && (io === from || io === to);
  }

  #runIo(io: number): void {
    const { setup } = this.walk;
    runWhile(
      () => setup.isAwake(FIRST_IO_THREAD + io),
      () => setup.stepIo(io),
    );
  }

  #speak(): void {
    const { phase, walk } = this;
    if (phase === this.#spokenIn || !TALKATIVE.has(phase)) return;
    this.#spokenIn = phase;
    walk.sendOne();
    walk.sendAll();
    walk.say();
  }

  static async replay(place: Place, path: readonly Step[], random?: Random): Promise<SteppedUpgrade> {
    const upgrade = await SteppedUpgrade.start(place, random);
    for (const step of path) await upgrade.take(step);
    return upgrade;
  }
}

/** Every state there is, each with one way to it. */
export async function statesOf(place: Place): Promise<readonly State[]> {
  const states: State[] = [];
  const seen = new Set<string>();
  const open: Step[][] = [[]];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const upgrade = await SteppedUpgrade.replay(place, path);
    for (;;) {
      const { fingerprint } = upgrade;
      if (seen.has(fingerprint)) break;
      seen.add(fingerprint);
      states.push({ phase: upgrade.phase, path });
      const [next, ...others] = upgrade.steps;
      if (next === undefined || upgrade.phase === 'live') break;
      for (const other of others) open.push([...path, other]);
      path = [...path, next];
      await upgrade.take(next);
    }
    upgrade.walk.setup.close();
  }
  return states;
}

function runWhile(isDue: () => boolean, step: () => void): void {
  for (let turns = 0; isDue(); turns++) {
    assert.ok(turns < 1000, 'an agent does not come to rest');
    step();
  }
}
