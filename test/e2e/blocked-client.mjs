// A client in a thread of its own, for a handler that blocks the application's: it writes how many steps it has heard of.
import { parentPort, workerData } from 'node:worker_threads';
import { io as connect } from 'socket.io-client-4';

const { port, heard } = workerData;
const client = connect(`http://127.0.0.1:${port}`, { transports: ['websocket'], reconnection: false });
client.on('step', (step) => {
  Atomics.store(heard, 0, step);
  Atomics.notify(heard, 0);
});
client.on('done', (seen) => {
  parentPort.postMessage(seen);
  client.close();
});
client.emit('work');
