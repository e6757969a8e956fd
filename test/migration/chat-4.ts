/**
 * A chat as it is written for Socket.IO 4, with its types. Which Socket.IO it runs on is its only parameter.
 */
import { createServer, type Server as HttpServer } from 'node:http';
import type { Server as ServerType, Socket as SocketType } from 'socket.io';

interface Entry {
  from: string;
  room: string;
  text: string;
}

interface FromClient {
  join: (room: string, reply: (rooms: string[]) => void) => void;
  leave: (room: string, reply: (rooms: string[]) => void) => void;
  say: (room: string, text: string, reply: (count: number) => void) => void;
  history: (room: string, reply: (entries: Entry[]) => void) => void;
  typing: (room: string) => void;
  shout: (text: string, but: string, reply: () => void) => void;
  private: (to: string, text: string, reply: (error: string | null) => void) => void;
  who: (room: string, reply: (names: string[]) => void) => void;
  picture: (bytes: Buffer, reply: (bytes: Buffer) => void) => void;
  poll: (room: string, question: string, reply: (answers: string[]) => void) => void;
  impatient: (reply: (outcome: string) => void) => void;
  move: (from: string, to: string, reply: (names: string[]) => void) => void;
  connection: (reply: (...about: unknown[]) => void) => void;
}

interface ToClient {
  welcome: (about: { name: string; online: number; recovered: boolean }) => void;
  room: (text: string) => void;
  said: (entry: Entry) => void;
  typing: (name: string, room: string) => void;
  shout: (name: string, text: string) => void;
  private: (name: string, text: string) => void;
  picture: (name: string, about: { bytes: Buffer; size: number }) => void;
  question: (text: string, reply: (answer: string) => void) => void;
  announcement: (text: string) => void;
  left: (name: string, reason: string, rooms: number) => void;
}

interface AdminToClient {
  stats: (names: string[]) => void;
}

interface AdminFromClient {
  kick: (name: string, close: boolean, reply: (found: number) => void) => void;
  announce: (text: string, reply: () => void) => void;
}

interface Data {
  name: string;
  said: number;
}

type ChatServer = ServerType<FromClient, ToClient, Record<string, never>, Data>;
type ChatSocket = SocketType<FromClient, ToClient, Record<string, never>, Data>;

/** @param module what `import` of it gives */
export function chat({ Server }: { Server: typeof ServerType }): { http: HttpServer; io: ChatServer } {
  const http = createServer((_req, res) => void res.writeHead(404).end());
  const io: ChatServer = new Server(http, { cors: { origin: 'http://chat.example' }, pingTimeout: 20_000 });
  const history = new Map<string, Entry[]>();

  const named = async (name: string) => (await io.fetchSockets()).filter(({ data }) => data.name === name);
  const roomsOf = (socket: ChatSocket) => [...socket.rooms].filter((room) => room !== socket.id).sort();

  io.use((socket, next) => {
    const { name } = socket.handshake.auth;
    if (typeof name !== 'string') return next(Object.assign(new Error('unauthorised'), { data: { need: 'name' } }));
    socket.data.name = name;
    socket.data.said = 0;
    next();
  });

  io.on('connection', (socket) => {
    const { data } = socket;
    socket.emit('welcome', { name: data.name, online: io.sockets.sockets.size, recovered: socket.recovered });

    socket.use(([event, ...args], next) => {
      if (event === 'say' && args[1] === '') return next(new Error('say something'));
      next();
    });
    socket.on('error', (error) => socket.emit('room', `error: ${error.message}`));

    socket.on('join', async (room, reply) => {
      await socket.join(room);
      socket.to(room).emit('room', `${data.name} came to ${room}`);
      reply(roomsOf(socket));
    });
    socket.on('leave', async (room, reply) => {
      await socket.leave(room);
      io.to(room).emit('room', `${data.name} left ${room}`);
      reply(roomsOf(socket));
    });
    socket.on('say', (room, text, reply) => {
      const entry = { from: data.name, room, text };
      history.set(room, [...(history.get(room) ?? []), entry]);
      data.said++;
      io.to(room).emit('said', entry);
      reply(history.get(room)?.length ?? 0);
    });
    socket.on('history', (room, reply) => reply(history.get(room) ?? []));
    socket.on('typing', (room) => socket.volatile.to(room).emit('typing', data.name, room));
    socket.on('shout', (text, but, reply) => {
      io.to(['a', 'b']).except(but).emit('shout', data.name, text);
      reply();
    });
    socket.on('private', async (to, text, reply) => {
      const [other] = await named(to);
      other?.emit('private', data.name, text);
      reply(other === undefined ? 'nobody of that name' : null);
    });
    socket.on('who', async (room, reply) => {
      const sockets = await io.in(room).fetchSockets();
      reply(sockets.map((other) => `${other.data.name} ${other.data.said} ${other.rooms.has(room)}`).sort());
    });
    socket.on('picture', (bytes, reply) => {
      socket.broadcast.emit('picture', data.name, { bytes, size: bytes.length });
      reply(bytes);
    });
    socket.on('poll', async (room, question, reply) => {
      reply((await io.to(room).timeout(10_000).emitWithAck('question', question)).sort());
    });
    socket.on('impatient', async (reply) => {
      try {
        await socket.timeout(30).emitWithAck('question', 'silence');
        reply('answered');
      } catch (error) {
        reply((error as Error).message);
      }
    });
    socket.on('move', async (from, to, reply) => {
      io.in(from).socketsJoin(to);
      io.in(from).socketsLeave(from);
      reply((await io.in(to).fetchSockets()).map((other) => other.data.name).sort());
    });
    socket.on('connection', (reply) => {
      const { conn, request, handshake } = socket;
      const { method, httpVersion, headers } = request;
      const ofConn = [conn.transport.name, conn.protocol, conn.readyState, conn.upgrading, conn.request === request];
      const ofRequest = [method, httpVersion, headers === handshake.headers, handshake.query.EIO];
      reply(...ofConn, ...ofRequest, io.engine.opts.pingTimeout);
    });
    socket.on('disconnecting', (reason) => {
      for (const room of roomsOf(socket)) socket.to(room).emit('room', `${data.name} leaves ${room}: ${reason}`);
    });
    socket.on('disconnect', (reason) => io.emit('left', data.name, reason, socket.rooms.size));
  });

  const admin = io.of(/^\/admin-\w+$/) as unknown as ReturnType<ServerType<AdminFromClient, AdminToClient>['of']>;
  admin.use((socket, next) =>
    next(socket.handshake.auth.password === 'secret' ? undefined : new Error('wrong password')),
  );
  admin.on('connection', async (socket) => {
    const sockets = await io.fetchSockets();
    socket.emit('stats', [socket.nsp.name, ...sockets.map(({ data }) => data.name).sort()]);
    socket.on('kick', async (name, close, reply) => {
      const found = await named(name);
      for (const other of found) other.disconnect(close);
      reply(found.length);
    });
    socket.on('announce', (text, reply) => {
      io.local.emit('announcement', text);
      reply();
    });
  });
  return { http, io };
}
