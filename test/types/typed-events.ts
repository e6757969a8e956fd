/**
 * Checked by the compiler only: what the event maps allow and what they refuse.
 */
import { Server, type Socket } from '../../core/index.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function expectType<T>() {
  return <U>(_value: U, ..._same: Equal<T, U> extends true ? [] : ['the types differ']): void => {};
}

interface ClientEvents {
  say: (text: string, count: number) => void;
  ask: (question: string, answer: (text: string) => void) => void;
}

interface ServerEvents {
  news: (text: string) => void;
  ping2: () => void;
  query: (id: number, answer: (value: string, extra: boolean) => void) => void;
  maybe: (id: number, answer?: (value: number) => void) => void;
  vague: (data: any) => void;
  checked: (answer: (error: Error, value: string) => void) => void;
  failing: (answer: (error: Error | null, value: string) => void) => void;
}

interface Data {
  user: string;
}

interface BetweenServers {
  hello: (node: string) => void;
}

export function typed(io: Server<ClientEvents, ServerEvents, BetweenServers, Data>): void {
  io.on('connection', (socket) => {
    expectType<Socket<ClientEvents, ServerEvents, BetweenServers, Data>>()(socket);
    socket.on('say', (text, count) => {
      expectType<string>()(text);
      expectType<number>()(count);
    });
    socket.on('ask', async (_question, answer) => answer('yes'));
    socket.on('disconnect', (reason) => {
      const known: 'transport close' | string = reason;
      expectType<string>()(known as string);
    });
    // @ts-expect-error an event the client does not send
    socket.on('unknown', () => {});
    // @ts-expect-error a listener that wants more than the client sends
    socket.on('say', (_text: string, _count: number, _more: boolean) => {});

    socket.emit('news', 'x').emit('ping2');
    expectType<boolean>()<boolean>(socket.emit('ping2'));
    socket.emit('query', 1, (value, extra) => {
      expectType<string>()(value);
      expectType<boolean>()(extra);
    });
    // @ts-expect-error wrong argument
    socket.emit('news', 5);
    // @ts-expect-error an event only clients send
    socket.emit('say', 'x', 1);

    socket.timeout(5).emit('query', 1, (error, value, extra) => {
      expectType<Error>()(error);
      expectType<string>()(value);
      expectType<boolean>()(extra);
    });
    // @ts-expect-error after timeout() the error comes first
    socket.timeout(5).emit('query', 1, (_value: string, _extra: boolean) => {});
    expectType<Promise<string>>()(socket.emitWithAck('query', 1));
    expectType<Promise<string>>()(socket.timeout(5).emitWithAck('query', 1));
    expectType<Promise<number>>()(socket.emitWithAck('maybe', 1));
    socket.emit('maybe', 1);
    socket.timeout(5).emit('maybe', 1);
    socket.timeout(5).emit('vague', { any: 'thing' });
    socket.broadcast.emit('vague', () => {});
    io.to('r').emit('maybe', 1);
    socket.timeout(5).emit('checked', (error, value) => {
      expectType<Error>()(error);
      expectType<string>()(value);
    });
    socket.timeout(5).emit('failing', (error, failure, value) => {
      expectType<Error>()(error);
      expectType<Error | null>()(failure);
      expectType<string>()(value);
    });
    expectType<Promise<string>>()(socket.timeout(5).emitWithAck('checked'));
    // @ts-expect-error nobody answers that event
    socket.emitWithAck('news', 'x');

    socket.broadcast.emit('news', 'x');
    socket.to('r').except(['a']).volatile.emit('ping2');
    // @ts-expect-error a broadcast asks for answers only after timeout()
    socket.broadcast.emit('query', 1, () => {});

    expectType<string>()(socket.data.user);
    // @ts-expect-error not in the data
    socket.data.password = 'x';
    expectType<Map<string, typeof socket>>()(socket.nsp.sockets);
  });

  io.on('hello', (node) => expectType<string>()(node));
  io.on('new_namespace', (nsp) => expectType<string>()(nsp.name));
  io.emit('news', 'x').to('r').emit('ping2');
  // @ts-expect-error a broadcast asks for answers only after timeout()
  io.emit('query', 1, () => {});
  // @ts-expect-error unknown to clients
  io.to('r').emit('unknown');
  io.timeout(5).emit('query', 1, (error, responses) => {
    expectType<Error>()(error);
    expectType<string[]>()(responses);
  });
  expectType<Promise<string[]>>()(io.timeout(5).emitWithAck('query', 1));
  expectType<Promise<number[]>>()(io.of('/x').to('r').emitWithAck('maybe', 1));
  io.use((socket, next) => {
    expectType<string>()(socket.data.user);
    next(new Error('no'));
  });
}

export function untyped(io: Server): void {
  io.on('connection', (socket: Socket) => {
    socket.on('anything', (a, b) => socket.emit('whatever', a, b, () => {}));
    socket.emitWithAck('x', 1).then((value) => value.anything);
    socket.timeout(5).emit('x', (error: Error) => error);
    socket.broadcast.emit('x', 1, 'two');
  });
  io.timeout(5).emit('x', (error: Error, responses: unknown[]) => [error, responses]);
  io.emitWithAck('x').then((responses) => responses.length);
}

export function emitDefaultsToListen(io: Server<ServerEvents>): void {
  io.emit('news', 'x');
  // @ts-expect-error not in the one map given
  io.emit('other');
}

export function constructors(): void {
  expectType<Server<ClientEvents, ServerEvents>>()(new Server<ClientEvents, ServerEvents>(3000, { path: '/x' }));
  expectType<Server>()(Server('3000'));
  expectType<Server>()(new Server({ connectTimeout: 5 }));
  // @ts-expect-error not a path
  new Server({ path: 5 });
}
