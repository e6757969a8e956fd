/** An I/O thread crashes and comes back; then all closes. */
import type { Engine } from '../../../core/api/engine.ts';
import { host } from './host.ts';

const io = host();
const engine = io.engine as Engine;
engine.crashThread(1, 'the probe');
await new Promise((resolve) => engine.once('thread_crash', resolve));
await io.close();
