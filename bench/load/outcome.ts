/**
 * What became of one contender over all repetitions: its runs, their medians and spread, or why there are none.
 * Pure.
 */
import type { Run } from './measure.ts';
import { CLEAN_EXIT } from './peer-process.ts';
import { BASELINE, type Contender } from './roster.ts';

export interface Outcome {
  readonly contender: Contender;
  readonly runs: Run[];
  /** Why it never ran. */
  skipped?: string;
  /** Why runs broke off. */
  readonly failures: string[];
}

type Figure = { [Key in keyof Run]: Run[Key] extends number ? Key : never }[keyof Run];

export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Of at least one run. */
export function spread(outcome: Outcome, figure: Figure): Spread {
  const sorted = outcome.runs.map((run) => run[figure]).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1] };
}

/** Median rate over the baseline's; undefined when one of them did not run. */
export function ratio(outcome: Outcome, all: readonly Outcome[]): number | undefined {
  const baseline = all.find((other) => other.contender.name === BASELINE);
  if (baseline === undefined || baseline.runs.length === 0 || outcome.runs.length === 0) return undefined;
  return spread(outcome, 'deliveriesPerSecond').median / spread(baseline, 'deliveriesPerSecond').median;
}

export function faults(run: Run): number {
  return run.lost + run.doubled + run.reordered + run.malformed;
}

/** Everything that makes the bench fail, one line each. */
export function problems(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap((outcome) => {
    const { title } = outcome.contender;
    const lines = outcome.failures.map((reason) => `${title}: run broke off: ${reason}`);
    if (outcome.skipped !== undefined) lines.push(`${title}: skipped: ${outcome.skipped}`);
    for (const run of outcome.runs) {
      if (faults(run) > 0) {
        lines.push(
          `${title}: ${run.lost} lost, ${run.doubled} doubled, ${run.reordered} reordered, ${run.malformed} malformed`,
        );
      }
      if (run.exit !== CLEAN_EXIT) lines.push(`${title}: asked to stop, it ended with ${run.exit}`);
    }
    return lines;
  });
}
