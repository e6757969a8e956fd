/** The port of a closed Server is free in the same tick: here a server of Node takes it, and a new Server shares that. */
import { createServer } from 'node:http';
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const first = new Server(PORT);
const { port } = first.httpServer.address() as { port: number };
announce(first.httpServer, 'first on');

first.on('connection', () => {
  first.close(() => console.log('first closed'));

  const server = createServer();
  server.listen(port, () => announce(server, 'second on'));
  const second = new Server(server);
  second.on('connection', (socket) => socket.emit('hello', 'from the second'));
});
