/** Events with names of your own; the Server makes the HTTP server. */
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const io = new Server(PORT);

io.on('connection', (socket) => {
  io.emit('this', { will: 'be received by everyone' });

  socket.on('private message', (from, message) => {
    console.log('private message from', from, 'saying', message);
  });

  socket.on('disconnect', () => {
    io.emit('user disconnected');
  });
});

announce(io.httpServer);
