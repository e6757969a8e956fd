/**
 * Whole servers side by side: `node --import tsx bench/load/run.ts [--quick] [options]`. The main process; it only
 * orchestrates. Exit code 1 when anything was lost, doubled or reordered, or a server could not be measured; what the
 * figures are makes no difference to it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { buildPackage } from './built-package.ts';
import { environment } from './environment.ts';
import { CannotStartError, measure } from './measure.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { type Outcome, problems, type ScenarioResult } from './outcome.ts';
import { killAll } from './peer-process.ts';
import { environmentLine, legend, progressLine, resultFile, scenarioTable, verdictTable } from './report.ts';
import { reportHtml } from './report-html.ts';
import { contender } from './roster.ts';
import { runsOf, type Scenario } from './scenario.ts';
import { isJudged, verdicts } from './targets.ts';

const RESULTS = new URL('../results/', import.meta.url);

/** All runs that are due, and how long those took that are done. */
class Schedule {
  readonly results: readonly ScenarioResult[];
  readonly #options: BenchOptions;
  readonly #startMillis = performance.now();
  readonly #total: number;
  #done = 0;
  #leftOut = 0;
  /** Milliseconds of the last run, by scenario and server. */
  readonly #took = new Map<Outcome, number>();

  constructor(options: BenchOptions) {
    this.#options = options;
    this.results = options.scenarios.map((scenario) => ({
      scenario,
      outcomes: scenario.servers.map((name): Outcome => ({ contender: contender(name), runs: [], failures: [] })),
    }));
    const runs = options.scenarios.flatMap((one) => one.servers.map((server) => runsOf(one, server)));
    this.#total = runs.reduce((sum, each) => sum + each, 0);
  }

  get leftOut(): number {
    return this.#leftOut;
  }

  /**
   * Repetitions are interleaved, A B C A B C, and go through all scenarios: a slow minute of the machine hits all alike,
   * and when time runs out everything has been measured at least once. Those that no target looks at come last.
   */
  async run(): Promise<void> {
    await this.#rounds((scenario, server, round) => round === 0 || isJudged(scenario, server));
    await this.#rounds((scenario, server, round) => round > 0 && !isJudged(scenario, server));
  }

  async #rounds(isDue: (scenario: string, server: string, round: number) => boolean): Promise<void> {
    const rounds = Math.max(...this.results.map(({ scenario }) => scenario.repeat)) + 1;
    for (let round = 0; round < rounds; round++) {
      for (const { scenario, outcomes } of this.results) {
        const due = outcomes.filter(
          ({ contender: { name } }) => round < runsOf(scenario, name) && isDue(scenario.name, name, round),
        );
        if (scenario.kind === 'idle') {
          // A minute of waiting each, and no core: memory is read of all servers at the same time.
          await Promise.all(due.map((outcome) => this.#runOrLeaveOut(scenario, outcome, round)));
        } else {
          for (const outcome of due) await this.#runOrLeaveOut(scenario, outcome, round);
        }
      }
    }
  }

  async #runOrLeaveOut(scenario: Scenario, outcome: Outcome, round: number): Promise<void> {
    this.#done++;
    const passedMillis = performance.now() - this.#startMillis;
    const fits = passedMillis + (this.#took.get(outcome) ?? 0) < this.#options.minutes * 60_000;
    if (outcome.skipped !== undefined || (round > 0 && !fits)) {
      this.#leftOut++;
      return;
    }
    const label = `[${this.#done}/${this.#total} ${minutesAndSeconds(passedMillis)}]`;
    await runOnce(scenario, outcome, this.#options, label);
    this.#took.set(outcome, performance.now() - this.#startMillis - passedMillis);
  }
}

async function runOnce(scenario: Scenario, outcome: Outcome, options: BenchOptions, label: string): Promise<void> {
  try {
    const run = await measure(outcome.contender, scenario, options.nodeArgs);
    outcome.runs.push(run);
    console.log(`${label} ${progressLine(scenario, outcome, run)}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof CannotStartError) outcome.skipped = reason;
    else outcome.failures.push(reason);
    const what = outcome.skipped === undefined ? 'broke off' : 'skipped';
    console.log(`${label} ${scenario.name}, ${outcome.contender.title}: ${what}: ${reason}`);
  }
}

function minutesAndSeconds(millis: number): string {
  const seconds = Math.floor(millis / 1e3);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

async function main(): Promise<void> {
  let options: BenchOptions;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  buildPackage();
  const env = environment();
  console.log(`${environmentLine(env)}\n`);
  const schedule = new Schedule(options);
  await schedule.run();
  const { results, leftOut } = schedule;
  const targets = verdicts(results);
  console.log(`\n${results.map(scenarioTable).join('\n\n')}\n\n${legend()}\n`);
  if (leftOut > 0) console.log(`${leftOut} repetitions left out: the time was over.\n`);
  if (targets.length > 0) console.log(`${verdictTable(targets)}\n`);

  mkdirSync(RESULTS, { recursive: true });
  const file = resultFile(env, results, targets, options.nodeArgs);
  writeFileSync(new URL(`${options.resultName}.json`, RESULTS), `${JSON.stringify(file, null, 2)}\n`);
  const page = options.resultName === 'latest' ? 'report.html' : `${options.resultName}.html`;
  writeFileSync(new URL(page, RESULTS), reportHtml(env, results, targets));

  const found = problems(results);
  if (found.length > 0) {
    console.error(found.join('\n'));
    process.exitCode = 1;
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    killAll();
    process.exit(1);
  });
}

await main();
