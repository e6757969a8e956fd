import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from './histogram.ts';

test('quantiles of any size of value are at most 1.6 % low', () => {
  for (const scale of [1, 100, 10_000, 4_000_000]) {
    const histogram = new Histogram();
    for (let value = 1; value <= 1_000; value++) histogram.record(value * scale);
    for (const share of [0.001, 0.5, 0.99, 1]) {
      const exact = Math.ceil(share * 1_000) * scale;
      const found = histogram.quantile(share);
      assert.ok(found <= exact && found > exact * 0.984, `${share} of ${scale}: ${found}, exactly ${exact}`);
    }
    assert.equal(histogram.mean, 500.5 * scale);
  }
});

test('small values are exact, negative ones count as zero, huge ones as the largest', () => {
  const histogram = new Histogram();
  for (const value of [-5, 0, 1, 127]) histogram.record(value);
  assert.deepEqual(
    [0.25, 0.5, 0.75, 1].map((share) => histogram.quantile(share)),
    [0, 0, 1, 127],
  );
  histogram.record(Number.MAX_SAFE_INTEGER);
  assert.ok(histogram.quantile(1) > 4_200_000_000);
});

test('a reset histogram has no samples', () => {
  const histogram = new Histogram();
  histogram.record(7);
  histogram.reset();
  assert.deepEqual([histogram.total, histogram.mean, histogram.quantile(0.5)], [0, 0, 0]);
});
