/** Exits some turns after an I/O thread was made to crash. Argument: turns; `news` for the moment it becomes known. */
import type { Engine } from '../../../core/api/engine.ts';
import { host } from './host.ts';

const io = host();
const engine = io.engine as Engine;
const [, , when] = process.argv;
engine.crashThread(0, 'probe');
if (when.startsWith('news')) await new Promise((resolve) => engine.once('thread_crash', resolve));
for (let turns = Number(when.replace('news', '')); turns > 0; turns--)
  await new Promise((resolve) => setImmediate(resolve));
process.exit(7);
