// Entry of the second thread of a race test: loads TypeScript, then plays the role it was given.
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const { play } = await import('./race-roles.ts');
parentPort.postMessage('ready');
parentPort.once('message', () => parentPort.postMessage(play(workerData)));
