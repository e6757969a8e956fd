/** Exits inside a socket's handler. */
import { host } from './host.ts';

const io = host();
io.on('connection', (socket) => socket.on('bye', () => process.exit(3)));
