/** To everyone, and to everyone but the sender. */
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const io = new Server(PORT);

io.on('connection', (socket) => {
  socket.broadcast.emit('user connected'); // everyone gets it but the sender

  // These three reach everyone; `local` keeps an event in this process where servers form a cluster.
  socket.on('tell everyone', (text) => {
    io.emit('told', text);
    io.sockets.emit('told', text);
    io.local.emit('told', text);
  });
});

announce(io.httpServer);
