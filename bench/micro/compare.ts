/** The frame of every micro bench: runs the cases of one title and prints them side by side, the first as the measure. */
import { Bench } from 'tinybench';

/** Long enough for a stable median on a quiet machine. */
const MILLIS = 300;

export type Cases = Readonly<Record<string, () => unknown>>;

/** @param cases by name, ours first; each must have been checked to do the same work */
export async function compare(title: string, cases: Cases): Promise<void> {
  const bench = new Bench({ time: MILLIS, warmupTime: MILLIS / 3 });
  for (const [name, run] of Object.entries(cases)) bench.add(name, run);
  await bench.run();
  const medians = bench.tasks.map((task) => {
    if (task.result.state !== 'completed') throw new Error(`${title}, ${task.name}: ${task.result.state}`);
    return task.result.latency.p50 * 1e3;
  });
  console.log(title);
  for (const [index, { name }] of bench.tasks.entries()) {
    const micros = medians[index];
    const factor = index === 0 ? '' : `  ${(micros / medians[0]).toFixed(1)} x`;
    console.log(`  ${name.padEnd(44)}${micros.toFixed(2).padStart(12)} us${factor}`);
  }
  console.log();
}
