/**
 * Joins and leaves: fills the room index, then moves members about, and watches how long a turn of the app thread takes.
 * App thread of a server under test.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { monotonicMicros } from '../clock.ts';
import type { Churned, ChurnPlan } from '../messages.ts';
import { chance } from '../random.ts';
import { CoreWait } from './app-cpu.ts';

export interface Member {
  join(room: string): unknown;
  leave(room: string): unknown;
}

/** Resolution of the event loop's delay; what it measures beyond that is a pause. */
const RESOLUTION_MILLIS = 1;
/** One of so many rooms of each member is joined and left again before anything is measured. */
const WARM_UP_SHARE = 10;
const REST_MILLIS = 1000;

/** @param sizeOf how many members the server's index says a room has */
export async function churn(
  plan: ChurnPlan,
  members: readonly Member[],
  sizeOf: (room: string) => number,
): Promise<Churned> {
  const rooms = Array.from({ length: plan.rooms }, (_, room) => `churn-${room}`);
  const expected = new Int32Array(plan.rooms);
  /** Member m starts in the rooms from m * stride on, one after the other. */
  const stride = Math.max(1, Math.floor(plan.rooms / members.length));
  const held = members.map(() => new HeldRooms(plan.roomsPerClient));
  const memberships = members.length * plan.roomsPerClient;

  const join = (member: number, room: number): void => {
    members[member].join(rooms[room]);
    held[member].add(room);
    expected[room]++;
  };
  const leaveAny = (member: number, draw: number): void => {
    const room = held[member].take(Math.floor(draw * held[member].count));
    members[member].leave(rooms[room]);
    expected[room]--;
  };
  const fill = (step: number): void => {
    const member = step % members.length;
    join(member, (member * stride + Math.floor(step / members.length)) % plan.rooms);
  };
  const change = (step: number): void => {
    const member = Math.floor(chance(step >> 1, 1) * members.length);
    if (step % 2 === 0) {
      leaveAny(member, chance(step, 2));
      return;
    }
    let room = Math.floor(chance(step, 3) * plan.rooms);
    while (held[member].has(room)) room = (room + 1) % plan.rooms;
    join(member, room);
  };

  await rest();
  const emptyRss = process.memoryUsage.rss();
  // What V8 compiles meanwhile would pass for the server's pauses: its compilers take the cores from the thread.
  const warmUp = new Turns(plan.perTurn);
  const some = members.length * Math.ceil(plan.roomsPerClient / WARM_UP_SHARE);
  await warmUp.run(some, fill);
  await warmUp.run(plan.changes, change);
  await warmUp.run(some, (step) => leaveAny(step % members.length, 0));

  const turns = new Turns(plan.perTurn);
  await rest();
  const fillPerSecond = await turns.run(memberships, fill);
  await rest();
  const bytesPerMembership = (process.memoryUsage.rss() - emptyRss) / memberships;
  const changesPerSecond = await turns.run(plan.changes, change);

  return {
    memberships,
    fillPerSecond,
    changesPerSecond,
    bytesPerMembership,
    ...turns.pauses(),
    wrongRooms: rooms.filter((room, index) => sizeOf(room) !== expected[index]).length,
  };
}

/** Collects garbage, and waits until V8's threads have given the memory back: that they do so is not the server's doing. */
async function rest(): Promise<void> {
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, REST_MILLIS));
}

/** Rooms of one member. No array: what the bench itself leaves to the garbage collector would pass for the server's. */
class HeldRooms {
  readonly #rooms: Int32Array;
  count = 0;

  constructor(most: number) {
    this.#rooms = new Int32Array(most);
  }

  add(room: number): void {
    this.#rooms[this.count++] = room;
  }

  has(room: number): boolean {
    const at = this.#rooms.indexOf(room);
    return at >= 0 && at < this.count;
  }

  take(index: number): number {
    const room = this.#rooms[index];
    this.#rooms[index] = this.#rooms[--this.count];
    return room;
  }
}

/** Runs steps, some per turn of the event loop, and keeps the longest pauses of all runs. */
class Turns {
  readonly #perTurn: number;
  #longestPauseMillis = 0;
  #pauseP99Millis = 0;
  #longestOwnMillis = 0;
  readonly #wait = new CoreWait();

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  /** Steps per second. */
  async run(steps: number, step: (index: number) => void): Promise<number> {
    const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MILLIS });
    delay.enable();
    const startMicros = monotonicMicros();
    let turnMillis = performance.now();
    let waitedMillis = this.#wait.read();
    for (let done = 0; done < steps; ) {
      for (const end = Math.min(steps, done + this.#perTurn); done < end; done++) step(done);
      await new Promise((resolve) => setImmediate(resolve));
      const [nowMillis, nowWaited] = [performance.now(), this.#wait.read()];
      this.#longestOwnMillis = Math.max(this.#longestOwnMillis, nowMillis - turnMillis - (nowWaited - waitedMillis));
      [turnMillis, waitedMillis] = [nowMillis, nowWaited];
    }
    const seconds = (monotonicMicros() - startMicros) / 1e6;
    delay.disable();
    this.#longestPauseMillis = Math.max(this.#longestPauseMillis, delay.max / 1e6 - RESOLUTION_MILLIS);
    this.#pauseP99Millis = Math.max(this.#pauseP99Millis, delay.percentile(99) / 1e6 - RESOLUTION_MILLIS);
    return steps / seconds;
  }

  pauses(): Pick<Churned, 'longestPauseMillis' | 'pauseP99Millis' | 'longestOwnMillis'> {
    return {
      longestPauseMillis: this.#longestPauseMillis,
      pauseP99Millis: this.#pauseP99Millis,
      longestOwnMillis: this.#longestOwnMillis,
    };
  }
}
