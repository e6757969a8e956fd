/**
 * Turns outcomes into the printed table and the result file. Pure: returns text and data, prints nothing.
 */
import type { Environment } from './environment.ts';
import type { Run } from './measure.ts';
import { faults, type Outcome, ratio, spread } from './outcome.ts';
import { describe, type Scenario } from './scenario.ts';

const COLUMNS = [
  'server',
  'deliveries/s',
  'min - max',
  'ratio',
  'CPU us/del',
  'emit us',
  'loop us/emit',
  'RSS KB/conn',
  'p50 ms',
  'p99 ms',
  'faults',
  'gen busy',
] as const;

const LEGEND = `Medians of the runs. ratio: to Socket.IO 4.8/ws. CPU: user + system of the server process per delivery.
emit: mean time inside emit calls on the app thread; loop: busy time of the app thread's event loop per emit.
RSS: growth over the empty server per connection. p50, p99: emit call to arrival. faults: lost + doubled + reordered + malformed.
gen busy: share of time the generator had work; * = the generator was the bottleneck, the server can do more.`;

export function header(env: Environment, scenario: Scenario, repeat: number): string {
  return [
    `commit ${env.commit}, Node ${env.node}, ${env.cores} x ${env.cpu}, ${env.memoryGb} GB, ${env.system}`,
    `${describe(scenario)}, ${repeat} run${repeat === 1 ? '' : 's'}`,
  ].join('\n');
}

/** One line as a run ends. */
export function progressLine(title: string, run: Run): string {
  const flag = run.generatorWasBottleneck ? ', generator was the bottleneck' : '';
  return (
    `${title}: ${count(run.deliveries)} deliveries in ${run.seconds.toFixed(2)} s, ` +
    `${count(run.deliveriesPerSecond)}/s, p99 ${run.latencyP99Millis.toFixed(1)} ms, ${faults(run)} faults${flag}`
  );
}

export function table(outcomes: readonly Outcome[]): string {
  const rows = [COLUMNS as readonly string[], ...outcomes.map((outcome) => row(outcome, outcomes))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const lines = rows.map((cells) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return `${lines.join('\n')}\n\n${LEGEND}`;
}

function row(outcome: Outcome, all: readonly Outcome[]): string[] {
  const { title } = outcome.contender;
  if (outcome.runs.length === 0) return [title, outcome.skipped === undefined ? 'failed' : 'skipped'];
  const median = (figure: Parameters<typeof spread>[1]) => spread(outcome, figure).median;
  const rate = spread(outcome, 'deliveriesPerSecond');
  const bottleneck = outcome.runs.some((run) => run.generatorWasBottleneck);
  return [
    title,
    count(rate.median),
    `${count(rate.min)} - ${count(rate.max)}`,
    ratio(outcome, all)?.toFixed(2) ?? '-',
    median('cpuMicrosPerDelivery').toFixed(2),
    median('emitMeanMicros').toFixed(1),
    median('loopMicrosPerEmit').toFixed(1),
    (median('rssBytesPerConnection') / 1024).toFixed(1),
    median('latencyP50Millis').toFixed(1),
    median('latencyP99Millis').toFixed(1),
    String(outcome.runs.reduce((sum, run) => sum + faults(run), 0)),
    `${(median('generatorBusyShare') * 100).toFixed(0)}%${bottleneck ? '*' : ' '}`,
  ];
}

/** The content of a result file: one entry per scenario, so that more can stand beside it. */
export function resultFile(env: Environment, scenario: Scenario, repeat: number, outcomes: readonly Outcome[]) {
  const servers = outcomes.map((outcome) => ({
    name: outcome.contender.name,
    title: outcome.contender.title,
    ...(outcome.skipped === undefined ? {} : { skipped: outcome.skipped }),
    failures: outcome.failures,
    ratioToBaseline: ratio(outcome, outcomes) ?? null,
    deliveriesPerSecond: outcome.runs.length === 0 ? null : spread(outcome, 'deliveriesPerSecond'),
    runs: outcome.runs,
  }));
  return { environment: env, scenarios: [{ ...scenario, repeat, servers }] };
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
