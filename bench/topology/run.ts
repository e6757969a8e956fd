/** All topology benches, one after the other: `node --import tsx bench/topology/run.ts [name …]`. */
import { environment } from '../load/environment.ts';
import { environmentLine } from '../load/report.ts';

const BENCHES = ['one-to-one', 'one-to-many', 'ping-pong'];

console.log(`${environmentLine(environment())}\n`);
const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : BENCHES) await import(`./${name}.ts`);
