/** Answers to events, in both directions. */
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const io = new Server(PORT);

io.on('connection', (socket) => {
  // The client asks: its last argument arrives as a function.
  socket.on('ferret', (name, fn) => {
    fn(`${name} says woot`);
  });
  socket.on('news', (_data, callback) => {
    callback(0);
  });

  // The server asks.
  socket.emit('ferret', 'tobi', (data: string) => {
    console.log('the client answered', data);
  });
});

announce(io.httpServer);
