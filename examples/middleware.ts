/** Functions that see every new socket, and every packet of a socket, and may refuse it. */
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const io = new Server(PORT);

io.use((socket, next) => {
  if (socket.request.headers.cookie) return next();
  next(new Error('Authentication error'));
});

io.use((socket, next) => {
  const { address, secure, xdomain, url, query } = socket.handshake;
  console.log('handshake', JSON.stringify({ address, secure, xdomain, url: url.split('?')[0], colour: query.colour }));
  next();
});

io.on('connection', (socket) => {
  socket.use((packet, next) => {
    if (packet[0] !== 'cat') return next();
    next(new Error('Not a doge error'));
  });
  socket.on('error', (error) => console.log('refused', error.message)); // clients of Socket.IO 2 get it instead
  socket.on('doge', (answer) => answer('wow'));
  socket.on('cat', () => console.log('never'));
});

announce(io.httpServer);
