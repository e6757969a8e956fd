/**
 * Whole servers side by side: `node --import tsx bench/load/run.ts [--quick] [options]`. The main process; it only
 * orchestrates. Exit code 1 when anything was lost, doubled or reordered, or a server could not be measured.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { environment } from './environment.ts';
import { CannotStartError, measure } from './measure.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { type Outcome, problems } from './outcome.ts';
import { killAll } from './peer-process.ts';
import { header, progressLine, resultFile, table } from './report.ts';

const RESULTS = new URL('../results/', import.meta.url);

async function runOnce(outcome: Outcome, options: BenchOptions, label: string): Promise<void> {
  const { contender } = outcome;
  try {
    const run = await measure(contender, options.scenario);
    outcome.runs.push(run);
    console.log(`${label} ${progressLine(contender.title, run)}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof CannotStartError) outcome.skipped = reason;
    else outcome.failures.push(reason);
    console.log(`${label} ${contender.title}: ${outcome.skipped === undefined ? 'broke off' : 'skipped'}: ${reason}`);
  }
}

/** Repetitions are interleaved, A B C A B C: a slow minute of the machine then hits all alike. */
async function runAll(options: BenchOptions): Promise<Outcome[]> {
  const outcomes = options.contenders.map((contender): Outcome => ({ contender, runs: [], failures: [] }));
  const total = options.repeat * outcomes.length;
  for (let round = 0; round < options.repeat; round++) {
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.skipped !== undefined) continue;
      await runOnce(outcome, options, `[${round * outcomes.length + index + 1}/${total}]`);
    }
  }
  return outcomes;
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
  const env = environment();
  console.log(`${header(env, options.scenario, options.repeat)}\n`);
  const outcomes = await runAll(options);
  console.log(`\n${table(outcomes)}`);

  mkdirSync(RESULTS, { recursive: true });
  const file = resultFile(env, options.scenario, options.repeat, outcomes);
  writeFileSync(new URL('latest.json', RESULTS), `${JSON.stringify(file, null, 2)}\n`);

  const found = problems(outcomes);
  if (found.length > 0) {
    console.error(`\n${found.join('\n')}`);
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
