/**
 * The random calls of the soak and how often each comes. The soak tests run it through the driver.
 */
import type { Driver, Live } from './driver.ts';
import { NAMESPACES } from './protocol.ts';

interface Operation {
  readonly weight: number;
  readonly call: (driver: Driver, live: Live) => void;
}

/** Up to `most` names; now and then an id instead of a room, or a room nobody knows. */
function someRooms({ random, roomNames, live }: Driver, least: number, most: number): string[] {
  return Array.from({ length: random.between(least, most) }, () => {
    if (random.chance(0.2)) return random.pick(live).member.id;
    return random.chance(0.05) ? 'unknown room' : random.pick(roomNames);
  });
}

/** Ends as many clients as it adds, and leaves those alone whose end has begun. */
function replace(driver: Driver, live: Live, end: () => void): void {
  if (live.member.connection.endedBy !== 'nobody') return;
  end();
  driver.addClients(1);
}

const OPERATIONS: readonly Operation[] = [
  { weight: 24, call: (driver, live) => driver.unicast(live) },
  { weight: 3, call: (driver, live) => driver.unicast(live, { ack: true }) },
  {
    weight: 24,
    call: (driver) => {
      const audience = { rooms: someRooms(driver, 1, 3), except: someRooms(driver, 0, 2) };
      driver.broadcast(driver.random.pick(NAMESPACES), audience);
    },
  },
  {
    weight: 10,
    call: (driver, live) => {
      const audience = { rooms: someRooms(driver, 1, 2), except: someRooms(driver, 0, 1) };
      driver.broadcast(live.member.namespace, audience, live);
    },
  },
  {
    weight: 1,
    call: (driver, live) => driver.broadcast(live.member.namespace, { except: someRooms(driver, 0, 2) }, live),
  },
  {
    weight: 2,
    call: (driver) => driver.broadcast(driver.random.pick(NAMESPACES), { except: someRooms(driver, 0, 3) }),
  },
  { weight: 16, call: (driver, live) => driver.changeRooms(live, 'join', driver.random.pick(driver.roomNames)) },
  { weight: 3, call: (driver, live) => driver.changeRooms(live, 'join', driver.random.pick(driver.live).member.id) },
  {
    weight: 6,
    call: (driver, live) => {
      // Not the room of its own id: what excepting such a socket by id means differs between versions.
      const rooms = [...live.member.rooms].filter((room) => room !== live.member.id);
      if (rooms.length > 0) driver.changeRooms(live, 'leave', driver.random.pick(rooms));
    },
  },
  {
    // Everything about one room in one turn, seen by the room.
    weight: 2,
    call: (driver, live) => {
      const room = driver.random.pick(driver.roomNames);
      for (const operation of ['join', 'leave', 'join'] as const) {
        driver.changeRooms(live, operation, room);
        driver.broadcast(live.member.namespace, { rooms: [room] });
      }
    },
  },
  {
    weight: 6,
    call: (driver, { member }) => {
      const { key } = member.connection;
      const operation = driver.random.chance(0.7) ? 'join' : 'leave';
      const room = driver.random.pick(driver.roomNames);
      driver.order(key, { kind: 'ask', key, namespace: member.namespace, operation, room });
    },
  },
  {
    weight: 1,
    call: (driver, live) =>
      replace(driver, live, () => {
        driver.unicast(live);
        driver.end(live, driver.random.chance(0.5));
      }),
  },
  {
    weight: 1,
    call: (driver, live) =>
      replace(driver, live, () => driver.drop(live, driver.random.pick(['disconnect', 'close', 'cut'] as const))),
  },
];

const TOTAL_WEIGHT = OPERATIONS.reduce((sum, { weight }) => sum + weight, 0);

/** One random call of the table; without any connected client there is nothing to call. */
export function randomCall(driver: Driver): void {
  if (driver.live.length === 0) return;
  let at = driver.random.below(TOTAL_WEIGHT);
  for (const { weight, call } of OPERATIONS) {
    if (at < weight) {
      call(driver, driver.random.pick(driver.live));
      return;
    }
    at -= weight;
  }
}
