/**
 * Who receives what: groups of receivers, the rooms that make them up, and which group the n-th emit goes to. Pure, and
 * computed alike by server and generator: the one joins and emits by it, the other knows exactly what must arrive.
 */
import { chance, Zipf } from './random.ts';

/**
 * all: everyone, one group. rooms: as many rooms of 10 as there are clients, emits to a random one. mixed: one group,
 * `to(half).to(third).except(fifth)`. ticker: 500 symbols as rooms, ten Zipf-distributed subscriptions per client, and
 * updates by the same law. game: areas of about 30 players, an update to each in turn.
 */
export type AudienceKind = 'all' | 'rooms' | 'mixed' | 'ticker' | 'game';

/** What one emit is addressed to; no `to` means everyone. */
export interface Address {
  readonly to: readonly string[];
  readonly except: readonly string[];
}

const ROOM_SIZE = 10;
const SYMBOLS = 500;
const SUBSCRIPTIONS = 10;
const AREA_PLAYERS = 30;
const EVERYONE: Address = { to: [], except: [] };

export class Audience {
  readonly clients: number;
  /** Rooms each client joins when it connects. */
  readonly rooms: readonly (readonly string[])[];
  /** Groups each client belongs to. */
  readonly groupsOf: readonly (readonly number[])[];
  /** Members of each group. */
  readonly sizes: readonly number[];
  /** Where emits to each group are addressed. */
  readonly addresses: readonly Address[];
  /** Group of the n-th emit, n from 1 on. */
  readonly pick: (emit: number) => number;
  /** Deliveries of an emit on average. */
  readonly meanSize: number;

  constructor(kind: AudienceKind, clients: number) {
    const { memberships, addresses, pick, rooms = memberships.map((of) => of.map(roomName)) } = PLANS[kind](clients);
    const sizes = new Array<number>(addresses.length).fill(0);
    for (const groups of memberships) for (const group of groups) sizes[group]++;
    this.clients = clients;
    this.rooms = rooms;
    this.groupsOf = memberships;
    this.sizes = sizes;
    this.addresses = addresses;
    this.pick = pick;
    this.meanSize = meanSize(sizes, pick);
  }

  get groups(): number {
    return this.sizes.length;
  }
}

interface Plan {
  memberships: number[][];
  addresses: Address[];
  pick(emit: number): number;
  /** When they are not simply one per group. */
  rooms?: string[][];
}

const PLANS: Record<AudienceKind, (clients: number) => Plan> = {
  all: (clients) => ({
    memberships: each(clients, () => [0]),
    addresses: [EVERYONE],
    rooms: each(clients, () => []),
    pick: () => 0,
  }),

  rooms: (clients) => ({
    memberships: each(clients, (client) => distinct(Math.min(ROOM_SIZE, clients), clients, client, (share) => share)),
    addresses: each(clients, roomAddress),
    pick: (emit) => Math.floor(chance(emit, 1) * clients),
  }),

  mixed: (clients) => ({
    memberships: each(clients, (client) => ((client % 2 === 0 || client % 3 === 0) && client % 5 !== 0 ? [0] : [])),
    addresses: [{ to: ['half', 'third'], except: ['fifth'] }],
    rooms: each(clients, (client) => [
      ...(client % 2 === 0 ? ['half'] : []),
      ...(client % 3 === 0 ? ['third'] : []),
      ...(client % 5 === 0 ? ['fifth'] : []),
    ]),
    pick: () => 0,
  }),

  ticker: (clients) => {
    const zipf = new Zipf(SYMBOLS);
    const popular = (share: number): number => zipf.rank(share) / SYMBOLS;
    return {
      memberships: each(clients, (client) => distinct(SUBSCRIPTIONS, SYMBOLS, client, popular)),
      addresses: each(SYMBOLS, roomAddress),
      pick: (emit) => zipf.rank(chance(emit, 1)),
    };
  },

  game: (clients) => {
    const areas = Math.max(1, Math.round(clients / AREA_PLAYERS));
    return {
      memberships: each(clients, (client) => [client % areas]),
      addresses: each(areas, roomAddress),
      pick: (emit) => (emit - 1) % areas,
    };
  },
};

function roomName(group: number): string {
  return `room-${group}`;
}

function roomAddress(group: number): Address {
  return { to: [roomName(group)], except: [] };
}

function each<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** `count` different numbers below `limit`, drawn for one client; `law` maps a share from 0 up to 1 to such a share. */
function distinct(count: number, limit: number, client: number, law: (share: number) => number): number[] {
  const drawn = new Set<number>();
  for (let draw = 0; drawn.size < count; draw++) drawn.add(Math.floor(law(chance(draw, client + 2)) * limit + 1e-9));
  return [...drawn];
}

/** Over enough emits to know it within a percent or so; exact for audiences of equal groups. */
function meanSize(sizes: readonly number[], pick: (emit: number) => number): number {
  const emits = 10_000;
  let deliveries = 0;
  for (let emit = 1; emit <= emits; emit++) deliveries += sizes[pick(emit)];
  return Math.max(deliveries / emits, 1e-3);
}
