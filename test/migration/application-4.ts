/**
 * What TypeScript code does with the types of Socket.IO 4. Checked by the compiler only, against Socket.IO by the
 * project's own check, and against Broadside by migration.test.ts.
 */
import { type EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer as createHttp2Server } from 'node:http2';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  type BroadcastOperator,
  type DefaultEventsMap,
  type DisconnectReason,
  type Event,
  type ExtendedError,
  Namespace,
  type RemoteSocket,
  Server,
  type ServerOptions,
  Socket,
} from 'socket.io';

interface Payload {
  id: number;
}

interface FromClient {
  hello: () => void;
  say: (text: string, times: number) => void;
  ask: (question: string, answer: (text: string) => void) => void;
  upload: (file: Buffer, done: (error: string | null) => void) => void;
}

interface ToClient {
  noArg: () => void;
  news: (text: string, payload: Payload) => void;
  anything: (data: any) => void;
  message: (text: string) => void;
  query: (id: number, answer: (value: string, extra: boolean) => void) => void;
  checked: (id: number, answer: (error: Error, value: string) => void) => void;
  maybe: (id: number, answer?: (value: number) => void) => void;
  many: (...parts: string[]) => void;
}

interface BetweenServers {
  ping: () => void;
  count: (room: string, answer: (members: number) => void) => void;
}

interface Data {
  name: string;
  age: number;
}

type Io = Server<FromClient, ToClient, BetweenServers, Data>;
type Nsp = Namespace<FromClient, ToClient, BetweenServers, Data>;
type Sock = Socket<FromClient, ToClient, BetweenServers, Data>;

interface Session {
  user?: { name: string };
  save(callback: (error?: Error) => void): void;
}

declare module 'node:http' {
  interface IncomingMessage {
    session?: Session;
  }
}

interface SessionRequest extends IncomingMessage {
  cookies: Record<string, string>;
}

interface SocketWithUser extends Socket {
  user?: string;
}

export function making(): void {
  const options: Partial<ServerOptions> = {
    path: '/x',
    serveClient: false,
    connectTimeout: 5,
    pingInterval: 10,
    pingTimeout: 5,
    maxHttpBufferSize: 1e6,
    upgradeTimeout: 5,
    transports: ['polling', 'websocket'],
    allowUpgrades: true,
    allowEIO3: true,
    destroyUpgrade: false,
    destroyUpgradeTimeout: 5,
    addTrailingSlash: false,
    perMessageDeflate: { threshold: 5, zlibDeflateOptions: { chunkSize: 5 }, concurrencyLimit: 2 },
    httpCompression: { threshold: 5 },
    cookie: { name: 'io', httpOnly: true, sameSite: 'strict', maxAge: 86400, path: '/', secure: true },
    cors: { origin: ['http://a', /b/], methods: ['GET', 'POST'], credentials: true, allowedHeaders: ['x'] },
    connectionStateRecovery: { maxDisconnectionDuration: 5, skipMiddlewares: true },
    cleanupEmptyChildNamespaces: true,
    allowRequest: (req, callback) => callback(null, req.headers.origin === undefined),
  };
  new Server(3000, options);
  new Server(createServer(), options);
  new Server(createSecureServer());
  new Server(createHttp2Server());
  new Server(options).listen(3000);
  new Server({ cors: { origin: '*' } }).attach(createServer(), { cors: { origin: true } });
  new Server({ cors: { origin: (origin, callback) => callback(null, origin === 'x') } });
  new Server({ cors: (_req, callback) => callback(null, { origin: false }) });
  new Server({ cookie: true, perMessageDeflate: true, httpCompression: false });
  const allowRequest = async (
    req: IncomingMessage,
    callback: (error: string | null | undefined, success: boolean) => void,
  ): Promise<void> => callback(req.socket.remoteAddress, false);
  new Server({ allowRequest });
  class Mine extends Server<FromClient, ToClient, BetweenServers, Data> {
    constructor() {
      super(3000, options);
      this.on('connection', (socket) => socket.emit('noArg'));
    }
  }
  takesServer(new Mine());
}

export function server(io: Io): void {
  takesServer(io);
  takesEmitter(io);
  const { port } = io.httpServer.address() as AddressInfo;
  io.httpServer.on('error', (error: Error) => error.message + port);
  io.httpServer.once('listening', () => {});
  const path: string = io.path();
  io.path(path).serveClient(io.serveClient()).connectTimeout(io.connectTimeout());
  const nsp: Nsp = io.of('/x');
  const main: Nsp = io.sockets;
  const dynamic: Nsp = io.of(/^\/dynamic-\d+$/, (socket) => socket.emit('noArg'));
  io.of((name, auth, next) => next(null, name === '/x' && auth.token === 1));
  nsp.adapter.on('join-room', (room: string, id: string) => room + id);
  const rooms: Map<string, Set<string>> = main.adapter.rooms;
  const sids: Map<string, Set<string>> = main.adapter.sids;
  sids.get(rooms.keys().next().value ?? '')?.has('x');
  io.on('new_namespace', (made) => made.use((_socket, next) => next()));
  io.on('ping', () => {});
  io.serverSideEmit('ping');
  io.serverSideEmit('count', 'a', (error, counts) => error?.message ?? counts.length);
  io.serverSideEmitWithAck('count', 'a').then((counts: number[]) => counts);
  io.use(async (socket, next) => {
    const token: string = socket.handshake.auth.token;
    const cookie: string | undefined = socket.handshake.headers.cookie;
    const bearer: string | undefined = socket.request.headers.authorization?.split(' ')[1];
    socket.data.name = (socket.handshake.query.name as string) ?? bearer ?? cookie ?? token;
    const error: ExtendedError = new Error('no');
    error.data = { why: 'x' };
    next(socket.data.age > 5 ? error : undefined);
  });
  io.use((_socket: Sock, next: (error?: Error) => void) => next(new Error('no')));
  io.close((error?: Error) => error).then(() => {});
  io.disconnectSockets(true);
  dynamic.disconnectSockets();
  const connections: number = io.engine.clientsCount;
  const sockets: number = io.of('/').sockets.size;
  io.sockets.sockets.get('x')?.emit('noArg');
  for (const [id, socket] of io.sockets.sockets) socket.emit('news', id, { id: connections + sockets });
  io.on('connection', (socket: Sock) => takesSocket(socket));
}

export function engine(io: Server): void {
  io.engine.generateId = (req) => req.url ?? '';
  io.engine.generateId = async (req: IncomingMessage) => String(req.headers.host);
  io.engine.use((req: IncomingMessage, res: ServerResponse, next: (error?: Error) => void) => {
    res.setHeader('x', String(req.session?.user?.name));
    next();
  });
  io.engine.on('connection_error', (err) => [err.req, err.code, err.message, err.context]);
  io.engine.on('initial_headers', (headers, req) => {
    headers['set-cookie'] = req.url;
  });
  io.engine.on('headers', (headers: Record<string, string>, req: IncomingMessage) => {
    headers.x = String(req.url);
  });
  io.engine.once('connection', (conn) => conn.id);
  const timeout: number | undefined = io.engine.opts.pingTimeout;
  const size: number | undefined = io.engine.opts.maxHttpBufferSize;
  io.engine.close();
  takesName(String(timeout), String(size));
}

export function connection(socket: Sock): void {
  const { conn } = socket;
  const transport: string = conn.transport.name;
  conn.once('upgrade', () => conn.transport.name === transport);
  conn.on('upgrade', (to) => to.name);
  conn.on('packet', ({ type, data }) => [type, data]);
  conn.on('packetCreate', ({ type }) => type);
  conn.on('drain', () => {});
  conn.on('close', (reason: string, description?: Error) => reason + description);
  conn.off('close', () => {});
  const address: string = conn.remoteAddress;
  const states: boolean[] = [conn.readyState === 'open', conn.upgraded, conn.upgrading, conn.protocol === 4];
  conn.send('raw', { compress: true }, () => {}).write(address);
  conn.request.headers.host?.toLowerCase();
  conn.close(states[0]);
  takesEmitter(conn);
  takesRequest(socket.client.conn.request);
}

export function request(socket: Sock): void {
  const req = socket.request;
  takesRequest(req);
  req.session?.save(() => {});
  const { cookies } = socket.request as SessionRequest;
  const address: string | undefined = req.socket.remoteAddress ?? req.connection.remoteAddress ?? cookies.a;
  const line: (string | number | undefined)[] = [req.method, req.url, req.httpVersion, req.socket.remotePort, address];
  const forwarded: string | string[] | undefined = req.headers['x-forwarded-for'];
  const agent: string | undefined = socket.handshake.headers['user-agent'];
  line.concat(req.rawHeaders, forwarded ?? [], agent);
  takesRequest(socket.client.request);
  takesHandshake(socket.handshake);
}

export function sockets(socket: Sock): void {
  takesSocket(socket);
  takesEmitter(socket);
  socket.on('hello', () => {});
  socket.on('say', async (text, times) => text.repeat(times));
  socket.on('ask', (question, answer) => answer(question.trim()));
  socket.once('upload', (file, done) => done(file.length > 5 ? 'large' : null));
  socket.on('disconnect', (reason: DisconnectReason, description?: unknown) => reason + String(description));
  socket.on('disconnecting', (reason) => reason === 'transport close' && [...socket.rooms]);
  socket.on('disconnect', (reason: string) => reason);
  socket.on('error', (error) => error.message);
  const listener = (...args: any[]): void => void args;
  for (const name of ['say', 'other'] as string[]) {
    socket.off(name, listener).removeListener(name, listener).removeAllListeners(name);
    socket.listenerCount(name);
    socket.addListener(name, listener).prependListener(name, listener);
  }
  for (const handler of socket.listeners('say')) handler('x', 1);
  socket.onAny((event, ...args) => [event, args]);
  socket.onAny((event: string) => event);
  socket.onAnyOutgoing((event, ...args) => [event, args]);
  socket.offAny(socket.listenersAny()[0]).offAnyOutgoing();
  socket.use(([event, ...args], next) => next(args.length > 0 ? new Error(event) : undefined));
  socket.use((event: Event, next: (error?: Error) => void) => next(new Error(event[0])));
  socket.emit('noArg');
  socket.emit('news', 'x', { id: 1 });
  socket.emit('anything', { any: 'thing' });
  socket.emit('query', 1, (value, extra) => value.trim() + extra);
  socket.emit('maybe', 1);
  socket.emit('many', 'a', 'b');
  const sent: boolean = socket.emit('noArg');
  socket.timeout(5).emit('query', 1, (error, value, extra) => error?.message ?? value.trim() + extra);
  socket.emitWithAck('query', 1).then((value: string) => value);
  socket
    .timeout(5)
    .emitWithAck('query', 1)
    .then((value) => value.trim());
  socket.send('x').write('y').disconnect(sent);
  socket.volatile.compress(false).emit('noArg');
  const rooms: Set<string> = socket.rooms;
  const data: Data = socket.data;
  socket.data = { name: data.name, age: rooms.size };
  socket.data.age++;
  takesName(socket.data.name, socket.id, socket.nsp.name, String(socket.recovered), String(socket.connected));
  const joins: (Promise<void> | void)[] = [socket.join('a'), socket.join(['a', 'b']), socket.leave('a')];
  void Promise.all(joins);
  const server: Server = socket.nsp.server as unknown as Server;
  takesServer(server);
}

export async function broadcasts(io: Io, socket: Sock): Promise<void> {
  io.emit('noArg');
  io.emit('anything', 5);
  io.emit('maybe', 1);
  io.emit('many', 'a');
  io.send('x');
  const operator: BroadcastOperator<ToClient, Data> = io.to('a').in(['b', 'c']).except('d');
  operator.volatile.local.compress(true).emit('news', 'x', { id: 1 });
  socket.to('a').emit('anything', { id: 1 });
  socket.broadcast.emit('noArg');
  socket.broadcast.to('a').emit('maybe', 1);
  const all: RemoteSocket<ToClient, Data>[] = await io.fetchSockets();
  for (const other of await io.in('a').fetchSockets()) {
    takesName(other.id, other.data.name, other.handshake.address, [...other.rooms].join());
    const rooms: Set<string> = other.rooms;
    other.emit('news', 'x', { id: rooms.size + all.length });
    other.join(['a', 'b']);
    other.leave('a');
    other.timeout(5).emit('query', 1, (error, value) => error?.message ?? value);
    other.disconnect(true);
  }
  io.timeout(5).emit('query', 1, (error, values) => error?.message ?? values.map((value) => value.trim()));
  io.to('a')
    .timeout(5)
    .emit('checked', 1, (error, values) => error?.message ?? values.length);
  const answers: string[] = await io.timeout(5).emitWithAck('query', 1);
  const more: string[] = await io.to('a').timeout(5).emitWithAck('query', 1);
  socket
    .to('a')
    .timeout(5)
    .emit('query', 1, (_error, values) => values.length);
  const ids: Set<string> = await io.allSockets();
  io.in([...ids]).socketsJoin(answers.concat(more));
  io.of('/x').in('a').socketsLeave(['a']);
  io.local.disconnectSockets();
}

export async function untyped(io: Server): Promise<void> {
  const typed: Namespace<FromClient, ToClient, BetweenServers, Data> = io.of('/typed');
  typed.emit('noArg');
  io.on('connection', (socket) => {
    socket.data.anything = 1;
    socket.emit('x', 1, 'two', (answer: number) => answer);
    socket.on('x', (a, b: string, answer: (text: string) => void) => answer(b + a));
    socket.timeout(5).emit('x', (error: Error, answer: string) => error ?? answer);
    socket.join('a');
    io.to('a').emit('x', { a: 1 });
    socket.broadcast.emit('x');
  });
  io.on('connection', (socket: SocketWithUser) => {
    socket.user = 'ann';
  });
  io.use((socket: SocketWithUser, next) => {
    socket.user = 'ann';
    next();
  });
  const use: Parameters<Server['use']>[0] = (_socket, next) => next();
  io.use(use).on('connection', () => {});
  io.of('/x').use(use);
  const [socket]: Socket[] = await once(io, 'connection');
  const value = await socket.emitWithAck('x', 1);
  value.anything.goes();
  const values: any[] = await io.timeout(5).emitWithAck('x', 1);
  io.timeout(5).emit('x', (error: Error, responses: string[]) => error ?? responses.concat(values));
  io.to('a')
    .timeout(5)
    .emit('x', 1, (error: any, responses: any) => [error, responses]);
  const sockets = await io.fetchSockets();
  sockets[0].emit('x', 1);
  if (socket instanceof Socket || io.of('/') instanceof Namespace) io.emit('x');
}

function takesServer(io: Server): void {
  io.emit('x');
}

function takesSocket(socket: Socket): void {
  socket.emit('x');
}

function takesEmitter(emitter: EventEmitter): void {
  emitter.removeAllListeners();
}

function takesRequest(req: IncomingMessage): void {
  req.headers.host?.trim();
}

function takesHandshake(handshake: Socket['handshake']): void {
  takesName(handshake.time, handshake.address, handshake.url, String(handshake.issued));
}

function takesName(...names: string[]): void {
  names.pop();
}

export type Maps = DefaultEventsMap;
