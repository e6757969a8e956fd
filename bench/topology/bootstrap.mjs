// Entry of every thread of these benches: a thread can load TypeScript only after tsx has been registered in it.
import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
await import(workerData.entry);
