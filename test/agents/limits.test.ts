/** The delivery window, the region window and the division of slots. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  DeliveryWindow,
  MAX_OUTSTANDING_DELIVERIES,
  MAX_OUTSTANDING_LARGE_BYTES,
} from '../../core/agents/delivery-window.ts';
import { slotRanges } from '../../core/agents/slot-ranges.ts';
import { RegionWindow } from '../../core/shm/region-port.ts';

describe('delivery window', () => {
  it('lets a single record pass however large, and then waits', () => {
    const window = new DeliveryWindow();
    assert.ok(window.fits(10 * MAX_OUTSTANDING_DELIVERIES, 2 * MAX_OUTSTANDING_LARGE_BYTES));
    window.add(8, 10 * MAX_OUTSTANDING_DELIVERIES, 0);
    assert.ok(!window.fits(1, 0));
    window.retire(7);
    assert.ok(!window.fits(1, 0));
    window.retire(8);
    assert.ok(window.fits(1, 0));
    assert.equal(window.outstanding, 0);
  });

  it('takes deliveries and large bytes up to the limit exactly', () => {
    const window = new DeliveryWindow();
    window.add(1, MAX_OUTSTANDING_DELIVERIES - 5, MAX_OUTSTANDING_LARGE_BYTES - 7);
    assert.ok(window.fits(5, 7));
    assert.ok(!window.fits(6, 0));
    assert.ok(!window.fits(1, 8));
    assert.ok(window.fits(1, 0), 'a small payload does not wait for large ones');
  });

  it('retires in order across the wrap of positions', () => {
    const window = new DeliveryWindow();
    const positions = [0x7fff_fffe, 0x7fff_ffff, -0x8000_0000, -0x7fff_ffff];
    for (const position of positions) window.add(position, 10, 0);
    for (const [i, position] of positions.entries()) {
      window.retire(position);
      assert.equal(window.outstanding, 30 - 10 * i);
    }
  });

  it('counts records too, and goes round its table many times', () => {
    const window = new DeliveryWindow();
    let position = 0;
    let gate = 0;
    let most = 0;
    for (let n = 0; n < 50_000; n++) {
      while (!window.fits(1, 0)) window.retire(++gate);
      window.add(++position, 1, 0);
      most = Math.max(most, window.outstanding);
      assert.equal(window.outstanding, position - gate);
    }
    assert.ok(most < 50_000, 'it gated by count');
    window.retire(position);
    assert.equal(window.outstanding, 0);
  });
});

describe('region window', () => {
  it('forgets regions in order as their records are freed, across the wrap of positions', () => {
    const window = new RegionWindow();
    for (const position of [0x7fff_ffff, -0x8000_0000, -5]) window.add(position, 100);
    window.retire(0x7fff_fffe);
    assert.equal(window.bytes, 300);
    window.retire(-0x8000_0000);
    assert.equal(window.bytes, 100);
    window.retire(-5);
    assert.equal(window.bytes, 0);
  });
});

describe('slot ranges', () => {
  it('are equal, on word boundaries, one behind the other, and hold all connections even when unevenly spread', () => {
    for (const maxConnections of [1, 31, 32, 33, 100, 100_000]) {
      for (let ioThreads = 1; ioThreads <= 8; ioThreads++) {
        const ranges = slotRanges(maxConnections, ioThreads);
        assert.equal(ranges.length, ioThreads);
        for (const [i, { first, count }] of ranges.entries()) {
          assert.equal(count, ranges[0].count);
          assert.equal(count % 32, 0);
          assert.equal(first, i * count);
          assert.ok(count >= Math.min(maxConnections, (2 * maxConnections) / ioThreads));
        }
      }
    }
  });
});
