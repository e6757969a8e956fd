/**
 * Joins and leaves: fills the room index, then moves members about, and watches how long a turn of the app thread takes.
 * App thread of a server under test.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { monotonicMicros } from '../clock.ts';
import type { Churned, ChurnPlan } from '../messages.ts';
import { chance } from '../random.ts';

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
  const held: number[][] = members.map(() => []);
  const turns = new Turns(plan.perTurn);
  const memberships = members.length * plan.roomsPerClient;

  globalThis.gc?.();
  const emptyRss = process.memoryUsage.rss();
  const fillPerSecond = await turns.run(memberships, (step) => {
    const member = step % members.length;
    const room = (member * stride + Math.floor(step / members.length)) % plan.rooms;
    members[member].join(rooms[room]);
    held[member].push(room);
    expected[room]++;
  });
  globalThis.gc?.();
  const bytesPerMembership = (process.memoryUsage.rss() - emptyRss) / memberships;

  const changesPerSecond = await turns.run(plan.changes, (step) => {
    const member = Math.floor(chance(step >> 1, 1) * members.length);
    const own = held[member];
    if (step % 2 === 0) {
      const room = own.splice(Math.floor(chance(step, 2) * own.length), 1)[0];
      members[member].leave(rooms[room]);
      expected[room]--;
      return;
    }
    let room = Math.floor(chance(step, 3) * plan.rooms);
    while (own.includes(room)) room = (room + 1) % plan.rooms;
    members[member].join(rooms[room]);
    own.push(room);
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

/** Runs steps, some per turn of the event loop, and keeps the longest pauses of all runs. */
class Turns {
  readonly #perTurn: number;
  #longestPauseMillis = 0;
  #pauseP99Millis = 0;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  /** Steps per second. */
  async run(steps: number, step: (index: number) => void): Promise<number> {
    const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MILLIS });
    delay.enable();
    const startMicros = monotonicMicros();
    for (let done = 0; done < steps; ) {
      for (const end = Math.min(steps, done + this.#perTurn); done < end; done++) step(done);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const seconds = (monotonicMicros() - startMicros) / 1e6;
    delay.disable();
    this.#longestPauseMillis = Math.max(this.#longestPauseMillis, delay.max / 1e6 - RESOLUTION_MILLIS);
    this.#pauseP99Millis = Math.max(this.#pauseP99Millis, delay.percentile(99) / 1e6 - RESOLUTION_MILLIS);
    return steps / seconds;
  }

  pauses(): Pick<Churned, 'longestPauseMillis' | 'pauseP99Millis'> {
    return { longestPauseMillis: this.#longestPauseMillis, pauseP99Millis: this.#pauseP99Millis };
  }
}
