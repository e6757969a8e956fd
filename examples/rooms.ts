/** Rooms: joined and left by the server, addressed one or several at a time. A socket's id is a room of its own. */
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const io = new Server(PORT);

io.on('connection', (socket) => {
  socket.on('enter', (room) => {
    socket.join(room, () => {
      const rooms = Object.keys(socket.rooms);
      console.log('rooms', rooms.length, rooms.includes(socket.id), rooms.includes(room));
      io.to(room).emit('a new user has joined the room'); // to everyone in it, the new user too
    });
  });

  socket.on('exit', (room, done) => {
    socket.leave(room, done);
  });

  socket.on('say to someone', (id, message) => {
    socket.to(id).emit('my message', message); // to the socket with that id
  });

  socket.on('say to others', (message) => {
    socket.to('room 237').emit('an event', message); // not to the sender
    socket.to('room1').to('room2').emit('hello', message); // once to those in both
  });
});

const admin = io.of('/admin');
admin.on('connection', (socket) => {
  socket.join('level1');
  admin.to('level1').emit('an event', { some: 'data' });
  admin.in('level2').emit('an event', { nobody: 'is there' });
});

announce(io.httpServer);
