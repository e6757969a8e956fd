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
  const turns = new Turns(plan.perTurn);
  const memberships = members.length * plan.roomsPerClient;

  globalThis.gc?.();
  const emptyRss = process.memoryUsage.rss();
  const fillPerSecond = await turns.run(memberships, (step) => {
    const member = step % members.length;
    const room = (member * stride + Math.floor(step / members.length)) % plan.rooms;
    members[member].join(rooms[room]);
    held[member].add(room);
    expected[room]++;
  });
  globalThis.gc?.();
  const bytesPerMembership = (process.memoryUsage.rss() - emptyRss) / memberships;

  const changesPerSecond = await turns.run(plan.changes, (step) => {
    const member = Math.floor(chance(step >> 1, 1) * members.length);
    const own = held[member];
    if (step % 2 === 0) {
      const room = own.take(Math.floor(chance(step, 2) * own.count));
      members[member].leave(rooms[room]);
      expected[room]--;
      return;
    }
    let room = Math.floor(chance(step, 3) * plan.rooms);
    while (own.has(room)) room = (room + 1) % plan.rooms;
    members[member].join(rooms[room]);
    own.add(room);
    expected[room]++;
  });

  return {
    memberships,
    fillPerSecond,
    changesPerSecond,
    bytesPerMembership,
    ...turns.pauses(),
    wrongRooms: rooms.filter((room, index) => sizeOf(room) !== expected[index]).length,
  };
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
