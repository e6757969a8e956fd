import { Bystander } from './bystander.ts';
import type { Kind, Outcome } from './case.ts';
import { runCase } from './runner.ts';
import { ServerProcess } from './server-process.ts';
import { UNSUPPORTED } from './needs.ts';
import { TABLE } from './table.ts';
import { writeFileSync } from 'node:fs';
const only = process.argv[2];
const kinds: Kind[] = ['broadside', '4.x', '2.x'];
const servers = kinds.map((k) => new ServerProcess(k));
await Promise.all(servers.map((s) => s.ready()));
console.log('ready');
const ids = new Set<string>();
const out: any = {};
for (const c of TABLE) {
  if (only && !new RegExp(only).test(c.id)) continue;
  if (ids.has(c.id)) console.log('DUPLICATE', c.id);
  ids.add(c.id);
  const t0 = performance.now();
  const results = await Promise.all(servers.map(async (s) => {
    if (s.kind === '2.x' && c.revision === 4) return undefined;
    if (s.kind === 'broadside' && c.needs && UNSUPPORTED[c.needs]) return undefined;
    if (s.port(c.house ?? 'main') === undefined) return undefined;
    try { return await runCase(c, s); } catch (e) { return 'ERROR ' + (e as Error).message; }
  }));
  const ms = performance.now() - t0;
  out[c.id] = results;
  const short = (x: string) => x.length > 200 ? x.slice(0, 200) + '…' : x;
  const show = (o: any) => typeof o === 'string' ? o : o === undefined ? '-' : `[${o.client.map(short).join(' | ')}] server [${o.server.map(short).join(' | ')}]`;
  const [b, f, t] = results.map(show);
  const same = b === f || b === t;
  const verdict = b === '-' ? 'REFS' : same ? (t !== '-' && f !== t ? `FOLLOWS ${b === f ? '4.x' : '2.x'}` : 'same') : 'DIFF';
  if (verdict !== 'same' || only) console.log(`${verdict} ${c.id} (${ms.toFixed(0)} ms) ${c.differs?'[listed]':''}${c.follows??''}\n   B ${b}\n   4 ${f}${t !== '-' ? `\n   2 ${t}` : ''}`);
  if (ms > 500) console.log('SLOW', c.id, ms);
}
writeFileSync('/tmp/explore.json', JSON.stringify(out, null, 1));
console.log('cases', ids.size);
await Promise.all(servers.map((s) => s.close()));
