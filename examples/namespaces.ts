/** Two namespaces, which a client reaches over one connection. */
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const io = new Server(PORT);

const chat = io.of('/chat').on('connection', (socket) => {
  socket.emit('a message', { that: 'only', '/chat': 'will get' });
  chat.emit('a message', { everyone: 'in', '/chat': 'will get' });
  socket.on('hi!', () => console.log('hi from', socket.nsp.name));
});

io.of('/news').on('connection', (socket) => {
  socket.emit('item', { news: 'item' });
  socket.on('woot', () => console.log('woot from', socket.nsp.name));
});

announce(io.httpServer);
