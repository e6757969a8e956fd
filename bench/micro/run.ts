/** All micro benches, one after the other: `node --import tsx bench/micro/run.ts [name …]`. */
import { environment } from '../load/environment.ts';
import { environmentLine } from '../load/report.ts';

const BENCHES = ['ring', 'log', 'bitset', 'target-set', 'broadcast'];

console.log(`${environmentLine(environment())}\nMedian time per call; the factor is to the first line.\n`);
const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : BENCHES) await import(`./${name}.ts`);
