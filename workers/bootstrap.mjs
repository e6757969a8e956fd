// Entry of every thread, named to piscina. In the repository the rest is TypeScript, which a thread can load only after
// tsx has been registered in it; in the package it is JavaScript and needs no tsx.
import { existsSync } from 'node:fs';

const fromSource = existsSync(new URL('./task.ts', import.meta.url));
if (fromSource) (await import('tsx/esm/api')).register();
const { runTask } = await import(fromSource ? './task.ts' : './task.js');

export default runTask;
