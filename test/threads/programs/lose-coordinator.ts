/** Loses a large payload on its way to the coordinator, which is a bug that it cannot survive. */
import { MessagePort } from 'node:worker_threads';
import { host } from './host.ts';

const io = host();
const { postMessage } = MessagePort.prototype;
MessagePort.prototype.postMessage = function (this: MessagePort, ...args: [unknown]): void {
  if (!(args[0] instanceof SharedArrayBuffer)) Reflect.apply(postMessage, this, args);
};
io.on('connection', () => io.emit('large', 'x'.repeat(200_000)));
