/**
 * What became of the contenders of a scenario over all repetitions: runs, medians and spread, or why there are none.
 * Pure.
 */
import type { FigureName } from './figures.ts';
import type { Run } from './measure.ts';
import { CLEAN_EXIT } from './peer-process.ts';
import type { Contender } from './roster.ts';
import type { Scenario } from './scenario.ts';

export interface Outcome {
  readonly contender: Contender;
  readonly runs: Run[];
  /** Why it never ran. */
  skipped?: string;
  /** Why runs broke off. */
  readonly failures: string[];
}

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly outcomes: readonly Outcome[];
}

export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Undefined when no run has the figure. */
export function spread(outcome: Outcome, figure: FigureName): Spread | undefined {
  const sorted = outcome.runs.flatMap((run) => run.figures[figure] ?? []).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1] };
}

/** Median of a figure; undefined when scenario or server did not run, or has no such figure. */
export function median(
  results: readonly ScenarioResult[],
  scenario: string,
  server: string,
  figure: FigureName,
): number | undefined {
  const outcome = find(results, scenario, server);
  return outcome === undefined ? undefined : spread(outcome, figure)?.median;
}

/** Whether the generator set the pace in any run of it: what was measured is then a lower bound. */
export function wasHeldBack(results: readonly ScenarioResult[], scenario: string, server: string): boolean {
  return find(results, scenario, server)?.runs.some((run) => run.generatorWasBottleneck) ?? false;
}

function find(results: readonly ScenarioResult[], scenario: string, server: string): Outcome | undefined {
  const result = results.find((one) => one.scenario.name === scenario);
  return result?.outcomes.find((one) => one.contender.name === server);
}

export function faultCount({ faults }: Run): number {
  return faults.lost + faults.doubled + faults.reordered + faults.malformed;
}

/** Everything that makes the bench fail, one line each. */
export function problems(results: readonly ScenarioResult[]): string[] {
  return results.flatMap(({ scenario, outcomes }) =>
    outcomes.flatMap((outcome) => problemsOf(outcome).map((line) => `${scenario.name}, ${line}`)),
  );
}

function problemsOf(outcome: Outcome): string[] {
  const { title } = outcome.contender;
  const lines = outcome.failures.map((reason) => `${title}: run broke off: ${reason}`);
  if (outcome.skipped !== undefined) lines.push(`${title}: skipped: ${outcome.skipped}`);
  for (const run of outcome.runs) {
    const { lost, doubled, reordered, malformed } = run.faults;
    if (faultCount(run) > 0) {
      lines.push(`${title}: ${lost} lost, ${doubled} doubled, ${reordered} reordered, ${malformed} malformed`);
    }
    if (run.exit !== CLEAN_EXIT) lines.push(`${title}: asked to stop, it ended with ${run.exit}`);
  }
  return lines;
}
