/**
 * A chat as it was written for Socket.IO 2 and Express 4. Which Socket.IO it runs on is its only parameter.
 */
import { createServer, type Server as HttpServer } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const express = require('express-4');

interface Entry {
  from: string;
  room: string;
  text: string;
}

/** @param socketio what `require('socket.io')` gives */
export function chat(socketio: any): { http: HttpServer; io: any } {
  const app = express();
  const http = createServer(app);
  const io = socketio(http, { pingTimeout: 20_000 });
  const history: Record<string, Entry[]> = {};
  const ids: Record<string, string> = {};

  app.get('/online', (_req: any, res: any) => res.json(Object.keys(io.sockets.connected).length));
  app.get('/members/:room', (req: any, res: any) => {
    const room = io.sockets.adapter.rooms[req.params.room];
    res.json(room ? room.length : 0);
  });

  io.use((socket: any, next: any) => {
    const { name } = socket.handshake.query;
    if (!name) return next(new Error('a name is required'));
    if (ids[name]) {
      const error: any = new Error('taken');
      error.data = { taken: name };
      return next(error);
    }
    socket.username = name;
    next();
  });

  io.on('connection', (socket: any) => {
    const name = socket.username;
    ids[name] = socket.id;
    socket.emit('welcome', { name, online: Object.keys(io.sockets.connected).length, id: socket.id === ids[name] });
    socket.broadcast.emit('user joined', name);

    socket.use((packet: any[], next: any) => {
      if (packet[0] === 'forbidden') return next(new Error('not allowed'));
      if (packet[0] === 'say') packet[2] = String(packet[2]).trim();
      next();
    });

    socket.on('join', (room: string, reply: any) => {
      socket.join(room, (err: unknown) => {
        socket.to(room).emit('room', `${name} came to ${room}`);
        reply(
          err || null,
          Object.keys(socket.rooms)
            .filter((key) => key !== socket.id)
            .sort(),
        );
      });
    });

    socket.on('leave', (room: string, reply: any) => {
      socket.leave(room, () => {
        io.to(room).emit('room', `${name} left ${room}`);
        reply(Object.keys(socket.rooms).length);
      });
    });

    socket.on('say', (room: string, text: string, reply: any) => {
      const entry = { from: name, room, text };
      history[room] = (history[room] || []).concat(entry);
      io.in(room).emit('said', entry);
      reply(history[room].length);
    });

    socket.on('history', (room: string, reply: any) => reply(history[room] || []));
    socket.on('typing', (room: string) => socket.broadcast.to(room).emit('typing', name, room));
    socket.on('shout', (text: string) => io.to('a').to('b').emit('shout', name, text));

    socket.on('private', (to: string, text: string, reply: any) => {
      if (!ids[to]) return reply('nobody of that name');
      socket.to(ids[to]).emit('private', name, text);
      reply(null, to);
    });

    socket.on('who', (room: string, reply: any) => {
      io.in(room).clients((err: unknown, clients: string[]) => {
        reply(err, clients.map((id) => io.sockets.connected[id].username).sort());
      });
    });

    socket.on('picture', (picture: Buffer, reply: any) => {
      socket.broadcast.emit('picture', name, { bytes: picture, size: picture.length });
      reply(picture);
    });

    socket.on('quiz', (room: string) => {
      const asked = Object.keys(io.sockets.adapter.rooms[room].sockets);
      for (const id of asked) {
        io.sockets.connected[id].emit('question', '6 × 7', (answer: number) => io.to(room).emit('result', answer));
      }
    });

    socket.on('error', (err: Error) => socket.emit('trouble', err.message));
    socket.on('disconnecting', (reason: string) => {
      for (const room of Object.keys(socket.rooms)) {
        if (room !== socket.id) socket.to(room).emit('room', `${name} leaves ${room}: ${reason}`);
      }
    });
    socket.on('disconnect', (reason: string) => {
      delete ids[name];
      io.emit('user left', name, reason, Object.keys(socket.rooms).length);
    });
  });

  const admin = io.of('/admin');
  admin.use((socket: any, next: any) => {
    next(socket.handshake.query.password === 'secret' ? undefined : new Error('wrong password'));
  });
  admin.on('connect', (socket: any) => {
    socket.emit('stats', { names: Object.keys(ids).sort(), sameConnection: socket.client.sockets !== undefined });
    socket.on('kick', (name: string, reply: any) => {
      io.sockets.connected[ids[name]].disconnect();
      reply(ids[name] === undefined);
    });
    socket.on('announce', (text: string) => {
      io.emit('announcement', text);
      admin.emit('announced', text);
    });
  });
  return { http, io };
}
