/** How a socket ends, seen from inside: who did it, and the rooms it was in. */
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const io = new Server(PORT);
/** After how many milliseconds the server ends a connection. */
const PATIENCE_MS = Number(process.env.PATIENCE_MS ?? 5000);

io.on('connect', (socket) => {
  const timer = setTimeout(() => socket.disconnect(true), PATIENCE_MS);
  socket.compress(false).emit('uncompressed', "that's rough");
  socket.join('guests');

  socket.on('error', (error) => console.log('error', error.message));
  socket.on('disconnecting', (reason) => {
    console.log('disconnecting:', reason, 'rooms:', Object.keys(socket.rooms).length);
  });
  socket.on('disconnect', (reason) => {
    clearTimeout(timer);
    console.log('disconnected:', reason, 'rooms:', Object.keys(socket.rooms).length);
  });
});

announce(io.httpServer);
