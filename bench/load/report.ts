/**
 * Turns results into printed tables and the result file. Pure: returns text and data, prints nothing.
 */
import type { Environment } from './environment.ts';
import { FIGURES, type FigureName, shown } from './figures.ts';
import type { Run } from './measure.ts';
import { faultCount, type Outcome, type ScenarioResult, spread } from './outcome.ts';
import { BASELINE } from './roster.ts';
import { describe, type Scenario } from './scenario.ts';
import type { Verdict } from './targets.ts';

/** The figure that a scenario is about, first; then what else is shown of it. */
export const SHOWN_FIGURES: Record<Scenario['kind'], readonly FigureName[]> = {
  deliver: [
    'deliveriesPerSecond',
    'cpuMicrosPerDelivery',
    'emitMeanMicros',
    'emitMedianMicros',
    'appCpuMicrosPerEmit',
    'latencyP50Millis',
    'latencyP99Millis',
    'latencyP999Millis',
    'paceShare',
    'rssBytesPerConnection',
    'generatorBusyShare',
  ],
  idle: ['rssBytesPerConnection'],
  connect: ['connectsPerSecond', 'generatorBusyShare'],
  ask: ['answersPerSecond', 'cpuMicrosPerAnswer', 'latencyP50Millis', 'latencyP99Millis', 'generatorBusyShare'],
  churn: [
    'changesPerSecond',
    'fillPerSecond',
    'bytesPerMembership',
    'longestPauseMillis',
    'longestOwnMillis',
    'pauseP99Millis',
  ],
};

export function environmentLine(env: Environment): string {
  return `commit ${env.commit}, Node ${env.node}, ${env.cores} x ${env.cpu}, ${env.memoryGb} GB, ${env.system}`;
}

/** One line as a run ends. */
export function progressLine(scenario: Scenario, outcome: Outcome, run: Run): string {
  const [main, ...others] = SHOWN_FIGURES[scenario.kind].filter((name) => run.figures[name] !== undefined);
  const part = (name: FigureName): string => `${FIGURES[name].heading} ${shown(name, run.figures[name] ?? 0)}`;
  const p99 = others.includes('latencyP99Millis') ? `, ${part('latencyP99Millis')}` : '';
  const flag = run.generatorWasBottleneck ? ', generator was the bottleneck' : '';
  return `${scenario.name}, ${outcome.contender.title}: ${part(main)}${p99}, ${faultCount(run)} faults${flag}`;
}

export function scenarioTable({ scenario, outcomes }: ScenarioResult): string {
  const figures = SHOWN_FIGURES[scenario.kind].filter((name) => outcomes.some((one) => spread(one, name)));
  const headings = ['server', ...figures.map((name) => FIGURES[name].heading), 'min - max', 'ratio', 'runs', 'faults'];
  const rows = outcomes.map((outcome) => row(outcome, figures, outcomes));
  return `${scenario.title}\n${describe(scenario)}\n${aligned([headings, ...rows])}`;
}

function row(outcome: Outcome, figures: readonly FigureName[], all: readonly Outcome[]): string[] {
  const { title } = outcome.contender;
  if (outcome.runs.length === 0) return [title, outcome.skipped === undefined ? 'failed' : 'skipped'];
  const main = spread(outcome, figures[0]);
  const bottleneck = outcome.runs.some((run) => run.generatorWasBottleneck);
  return [
    title,
    ...figures.map((name) => {
      const value = spread(outcome, name)?.median;
      return value === undefined ? '-' : shown(name, value) + (name === 'generatorBusyShare' && bottleneck ? '*' : '');
    }),
    main === undefined ? '-' : `${shown(figures[0], main.min)} - ${shown(figures[0], main.max)}`,
    ratioToBaseline(outcome, figures[0], all)?.toFixed(2) ?? '-',
    String(outcome.runs.length),
    String(outcome.runs.reduce((sum, run) => sum + faultCount(run), 0)),
  ];
}

/** Median of the scenario's own figure over the baseline's. */
export function ratioToBaseline(outcome: Outcome, figure: FigureName, all: readonly Outcome[]): number | undefined {
  const baseline = all.find((other) => other.contender.name === BASELINE);
  const theirs = baseline === undefined ? undefined : spread(baseline, figure)?.median;
  const mine = spread(outcome, figure)?.median;
  return mine === undefined || theirs === undefined ? undefined : mine / theirs;
}

export function legend(): string {
  const lines = Object.values(FIGURES).map(({ heading, meaning }) => `${heading}: ${meaning}`);
  return `Medians of the runs. min - max: of the first column. ratio: of it, to Socket.IO 4.8/ws. faults: lost + doubled +
reordered + malformed. * = the generator was the bottleneck, the server can do more.
${lines.join('; ')}.`;
}

export function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ work, wanted, measured, reached }) => [work, wanted, measured, reached ? 'yes' : 'no']);
  return aligned([['work', 'wanted', 'measured', 'reached'], ...rows], 3);
}

/** Columns of equal width; the first `left` of them flush left. */
function aligned(rows: readonly (readonly string[])[], left = 1): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => (column < left ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return lines.join('\n');
}

/** The content of a result file: everything measured, with what is needed to judge it. */
export function resultFile(
  environment: Environment,
  results: readonly ScenarioResult[],
  targets: readonly Verdict[],
  nodeArgs: readonly string[],
) {
  const scenarios = results.map(({ scenario, outcomes }) => {
    const { servers: _, ...options } = scenario;
    return {
      ...options,
      servers: outcomes.map(({ contender, skipped, failures, runs }) => ({
        name: contender.name,
        title: contender.title,
        env: contender.env,
        ...(skipped === undefined ? {} : { skipped }),
        failures,
        runs,
      })),
    };
  });
  return { environment, nodeArgs, targets, scenarios };
}
