/** The census of sessions, on one thread: limits, other threads' counts, the wrap of counters. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Control, counterIndex } from '../../core/shm/control.ts';
import { FIRST_IO_THREAD, openingOffset } from '../../core/shm/layout.ts';
import { SessionCensus } from '../../core/shm/session-census.ts';

const OPENED = counterIndex('sessionsOpened');
const CLOSED = counterIndex('sessionsClosed');

function house(limit: number) {
  const control = new Control(Control.create(2), 2);
  const counters = [0, 1].map((io) => control.counters(FIRST_IO_THREAD + io));
  const census = [0, 1].map((io) => new SessionCensus(control, io, 2, limit));
  return { control, counters, census };
}

describe('census of sessions', () => {
  it('opens as many as there may be, on whichever thread, and more when some have closed anywhere', () => {
    const { census, counters } = house(3);
    assert.deepEqual([census[0].open(), census[1].open(), census[0].open()], [true, true, true]);
    assert.deepEqual([census[0].open(), census[1].open()], [false, false]);
    assert.deepEqual([counters[0][OPENED], counters[1][OPENED]], [2, 1], 'what was refused is not counted');
    counters[1][CLOSED] += 2; // a session may close where it did not open
    assert.deepEqual([census[1].open(), census[0].open(), census[0].open()], [true, true, false]);
  });

  it('counts a session that another thread is about to open', () => {
    const { census, control } = house(2);
    assert.ok(census[0].open());
    control.words[openingOffset(FIRST_IO_THREAD + 1) >> 2] = 1;
    assert.equal(census[0].open(), false);
    control.words[openingOffset(FIRST_IO_THREAD + 1) >> 2] = 0;
    assert.ok(census[0].open());
  });

  it('goes on across the wrap of the counters', () => {
    const { census, counters } = house(2);
    counters[0][OPENED] = 0x7fff_ffff;
    counters[0][CLOSED] = 0x7fff_ffff;
    assert.deepEqual([census[0].open(), census[0].open(), census[0].open()], [true, true, false]);
    assert.equal(counters[0][OPENED], -0x7fff_ffff);
  });
});
