/** Who is connected: ids of a namespace, of one of its rooms, and of the main namespace. */
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const io = new Server(PORT);
const chat = io.of('/chat');

chat.on('connection', (socket) => {
  socket.on('join', (room) => {
    socket.join(room);
  });

  socket.on('count', (answer) => {
    chat.clients((error: Error | null, inChat: string[]) => {
      if (error) throw error;
      chat.in('general').clients((error: Error | null, inGeneral: string[]) => {
        if (error) throw error;
        io.clients((error: Error | null, inMain: string[]) => {
          if (error) throw error;
          answer({ inChat, inGeneral, inMain });
        });
      });
    });
  });
});

announce(io.httpServer);
