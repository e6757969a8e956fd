/** `send` is `emit` with the event name `message`. */
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const io = new Server(PORT);

io.on('connection', (socket) => {
  socket.send('welcome');

  socket.on('message', (text) => {
    socket.broadcast.send(text);
    socket.send('understood?', (answer: string) => console.log('the client answered', answer));
  });
});

announce(io.httpServer);
