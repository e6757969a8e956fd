/**
 * How slots are divided among the I/O threads: equal ranges on word boundaries, so that each thread's part of a bitset
 * is whole words. All threads compute the same.
 */

export interface SlotRange {
  readonly first: number;
  readonly count: number;
}

/** A thread may hold this much more than its even share, because connections do not spread evenly. */
const HEADROOM = 2;

export function slotRanges(maxConnections: number, ioThreads: number): readonly SlotRange[] {
  const share =
    ioThreads === 1 ? maxConnections : Math.min(maxConnections, Math.ceil((maxConnections / ioThreads) * HEADROOM));
  const count = Math.ceil(share / 32) * 32;
  return Array.from({ length: ioThreads }, (_, thread) => ({ first: thread * count, count }));
}
