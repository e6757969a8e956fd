/**
 * Resolving the receivers of a broadcast: target set against the Map of Sets that Socket.IO's adapter walks.
 * Each pair is checked to find the same number first.
 */
import assert from 'node:assert/strict';
import { IntList } from '../../core/rooms/int-list.ts';
import { RoomIndex } from '../../core/rooms/room-index.ts';
import { TargetSet } from '../../core/rooms/target-set.ts';
import { WordArena } from '../../core/shm/arena.ts';
import { compare } from './compare.ts';

interface Case {
  name: string;
  slots: number;
  /** Rows by number: members are every `step`-th slot from `first` on. */
  rows: { first: number; step: number; size: number }[];
  to: number[];
  except: number[];
}

const CASES: Case[] = [
  { name: '30 of 1,000', slots: 1000, rows: [{ first: 7, step: 33, size: 30 }], to: [0], except: [] },
  { name: '1,000 of 1,000', slots: 1000, rows: [{ first: 0, step: 1, size: 1000 }], to: [0], except: [] },
  { name: '10,000 of 100,000', slots: 100_000, rows: [{ first: 3, step: 9, size: 10_000 }], to: [0], except: [] },
  {
    name: 'union of 2 minus 1 over 10,000',
    slots: 10_000,
    rows: [
      { first: 0, step: 2, size: 4000 },
      { first: 1, step: 3, size: 3000 },
      { first: 0, step: 5, size: 1500 },
    ],
    to: [0, 1],
    except: [2],
  },
];

const none = new IntList();
for (const { name, slots, rows, to, except } of CASES) {
  const index = new RoomIndex(slots, new WordArena());
  const sets = new Map<number, Set<number>>();
  rows.forEach(({ first, step, size }, row) => {
    sets.set(row, new Set(Array.from({ length: size }, (_, i) => first + i * step)));
    for (const slot of sets.get(row)!) index.add(row, slot);
  });
  const targets = new TargetSet(slots);
  const toList = listOf(to);
  const exceptList = listOf(except);
  const resolve = (): number => {
    targets.resolve(index, toList, none, exceptList, none);
    return targets.count;
  };
  const walk = (): number => walkSets(sets, to, except);
  assert.equal(resolve(), walk(), name);
  await compare(`receivers: ${name}`, { 'target set': resolve, 'Map of Sets': walk });
}

function listOf(numbers: number[]): IntList {
  const list = new IntList();
  for (const number of numbers) list.push(number);
  return list;
}

/** Visits every receiver once; returns how many. */
function walkSets(sets: Map<number, Set<number>>, to: number[], except: number[]): number {
  const excepted = new Set<number>();
  for (const row of except) for (const slot of sets.get(row) ?? []) excepted.add(slot);
  const visited = new Set<number>();
  for (const row of to) {
    for (const slot of sets.get(row) ?? []) if (!excepted.has(slot)) visited.add(slot);
  }
  return visited.size;
}
