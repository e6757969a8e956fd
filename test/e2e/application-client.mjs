// A client in a thread of its own, for tests that block the application's. It connects, asks for /block, and while the
// answer is missing it proves that everything else is served; then it lets the application go on.
import { request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { io as connect } from 'socket.io-client-4';

const { port, released } = workerData;
const url = `http://127.0.0.1:${port}`;

/** Status and body of an answer. */
function ask(path) {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { agent: false }, async (answer) => {
      let body = '';
      for await (const chunk of answer) body += chunk;
      resolve({ status: answer.statusCode, body });
    });
    sent.on('error', reject).end();
  });
}

const client = connect(url, { transports: ['websocket'], reconnection: false });
await new Promise((resolve, reject) => client.on('connect', resolve).on('connect_error', reject));
const news = new Promise((resolve) => client.on('news', (...args) => resolve(args)));
let answered = false;
const blocked = ask('/block').finally(() => {
  answered = true;
});
const seen = { news: await news };
const waiting = ask('/next');
const handshake = await ask('/socket.io/?EIO=4&transport=polling');
const bundle = await ask('/socket.io/socket.io.js');
seen.handshake = [handshake.status, handshake.body.slice(0, 8)];
seen.bundle = [bundle.status, bundle.body.includes('Socket.IO')];
seen.answered = answered;
Atomics.store(released, 0, 1);
Atomics.notify(released, 0);
seen.block = await blocked;
seen.next = await waiting;
client.close();
parentPort.postMessage(seen);
