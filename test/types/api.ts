/**
 * Checked by the compiler only: the shapes of the whole API, for code written against Socket.IO 2 and 4.
 */
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { Adapter, type Namespace, type RemoteSocket, Server, type Socket } from '../../core/index.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function expectType<T>() {
  return <U>(_value: U, ..._same: Equal<T, U> extends true ? [] : ['the types differ']): void => {};
}

interface FromClient {
  say: (text: string) => void;
}

interface ToClient {
  news: (text: string) => void;
  ask: (question: string, answer: (text: string) => void) => void;
}

interface BetweenServers {
  hello: (node: string) => void;
  count: (room: string, answer: (members: number) => void) => void;
}

interface Data {
  user: string;
}

type Io = Server<FromClient, ToClient, BetweenServers, Data>;
type Nsp = Namespace<FromClient, ToClient, BetweenServers, Data>;

export function making(): void {
  new Server(createServer(), { path: '/x' });
  new Server(createSecureServer());
  Server('3000', { serveClient: false });
  Server.listen(3000);
  new Server({
    adapter: Adapter,
    parser: 'msgpack',
    origins: (origin, callback) => callback(null, origin === 'x'),
    connectionStateRecovery: { maxDisconnectionDuration: 1000, skipMiddlewares: false },
    cleanupEmptyChildNamespaces: true,
    maxNamespaces: 5,
  });
  new Server({ adapter: (nsp: Namespace) => new Adapter(nsp) });
  // @ts-expect-error not an option
  new Server({ nonsense: true });
  // @ts-expect-error not a parser
  new Server({ parser: 'json' });
}

export function server(io: Io): void {
  expectType<Nsp>()(io.sockets);
  expectType<Nsp>()(io.of('/x'));
  expectType<Nsp>()(io.of(/^\/x$/, (socket) => expectType<Data>()(socket.data)));
  expectType<Nsp>()(io.of((name, auth, next) => next(null, name === '/x' && auth.token === 1)));
  expectType<string>()(io.path());
  expectType<Io>()(io.path('/x').serveClient(true).origins('*').adapter(Adapter).connectTimeout(5).set('origins', '*'));
  expectType<boolean>()(io.serveClient());
  expectType<Nsp | undefined>()(io.nsps['/x'] as Nsp | undefined);
  expectType<Promise<void>>()(io.close());
  class Mine extends io.adapter() {}
  io.adapter(Mine);
  io.attach(createServer(), { pingInterval: 5 })
    .listen(5)
    .bind({ on: () => {} });
  expectType<Nsp>()(io.use((_socket, next) => next()));
  expectType<Nsp>()(io.clients((_error, ids) => expectType<string[]>()(ids)));
}

export function namespaces(nsp: Nsp): void {
  nsp.to('a').in(['b', 'c']).except('d').volatile.local.json.binary(true).compress(false).emit('news', 'x');
  expectType<Promise<Set<string>>>()(nsp.allSockets());
  expectType<Promise<RemoteSocket<ToClient, Data>[]>>()(nsp.in('a').fetchSockets());
  nsp
    .in('a')
    .fetchSockets()
    .then(([socket]) => {
      expectType<string>()(socket.data.user);
      socket.emit('news', 'x');
      socket.disconnect(true).join(['a', 'b']);
      // @ts-expect-error only clients send that
      socket.emit('say', 'x');
    });
  expectType<void>()(nsp.socketsJoin(['a', 'b']));
  expectType<void>()(nsp.except('a').socketsLeave('a'));
  expectType<void>()(nsp.disconnectSockets(true));
  expectType<boolean>()(nsp.serverSideEmit('hello', 'node'));
  nsp.serverSideEmit('count', 'room', (error, responses) => {
    expectType<Error>()(error);
    expectType<number[]>()(responses);
  });
  expectType<Promise<number[]>>()(nsp.serverSideEmitWithAck('count', 'room'));
  // @ts-expect-error other servers do not listen to that
  nsp.serverSideEmit('news', 'x');
  // @ts-expect-error nobody answers that
  nsp.serverSideEmitWithAck('hello', 'node');
  nsp.on('count', (_room, answer) => answer(5));
  expectType<number>()(nsp.adapter.rooms.get('a')?.size ?? 0);
  nsp.connected.id?.emit('news', 'x');
  nsp.use(async (socket, next) => next(socket.recovered ? undefined : new Error('no')));
}

export function sockets(socket: Socket<FromClient, ToClient, BetweenServers, Data>): void {
  socket.on('say', async (text) => expectType<string>()(text));
  socket
    .join(['a', 'b'], (error) => expectType<Error | null>()(error))
    .leave('a', () => {})
    .leaveAll();
  socket
    .onAny((name: string, ...args: unknown[]) => [name, args])
    .prependAny(() => {})
    .offAny();
  socket
    .onAnyOutgoing(() => {})
    .prependAnyOutgoing(() => {})
    .offAnyOutgoing();
  socket.use(([name, ...args], next) => next(args.length > 0 ? new Error(name) : undefined));
  socket.json.binary(true).volatile.compress(true).emit('news', 'x').disconnect(true);
  socket.rooms.has('a');
  Object.keys(socket.rooms);
  expectType<boolean>()(socket.recovered);
  expectType<string | string[] | undefined>()(socket.handshake.query.x);
  expectType<any>()(socket.handshake.auth.token);
  socket.on('disconnecting', (reason) => reason === 'transport close');
  // @ts-expect-error no such reason
  socket.on('disconnect', (reason) => reason === 'bored');
  socket.broadcast.timeout(5).emit('ask', 'x', (error, answers) => {
    expectType<Error>()(error);
    expectType<string[]>()(answers);
  });
}
