/** An exception in a socket's handler that nobody catches. Argument: what to do in the handler. */
import { host } from './host.ts';

const io = host();
const failure = (): Error => new Error('a bug in user code');
io.on('connection', (socket) =>
  socket.on('bye', () => {
    if (process.argv[2] === 'reject') void Promise.reject(failure());
    else throw failure();
  }),
);
