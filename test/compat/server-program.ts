/**
 * A server process of the differential test: one server per house, of the kind named on the command line, all with the
 * same application. Tells the test process which ports they have, and on request what a case looked like from inside.
 */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Kind } from './case.ts';
import { type HouseName, houses } from './houses.ts';
import type { Greeting, Reply, Request } from './server-process.ts';
import { show } from './show.ts';

type ServerClass = new (options: object) => any;

/** What is known of the connections of one case. */
interface CaseRecord {
  readonly lines: string[];
  readonly ends: string[];
  opened: number;
}

const records = new Map<string, CaseRecord>();
let onProgress: (() => void)[] = [];

function record(conn: any): CaseRecord {
  const key = String(conn.request._query?.key ?? '');
  const present = records.get(key);
  if (present !== undefined) return present;
  const made: CaseRecord = { lines: [], ends: [], opened: 0 };
  records.set(key, made);
  return made;
}

function progress(): void {
  const waiting = onProgress;
  onProgress = [];
  for (const resolve of waiting) resolve();
}

function serveSocket(socket: any): void {
  const { lines } = record(socket.conn);
  lines.push(`connection ${socket.nsp.name}`);
  socket.use((event: unknown[], next: () => void) => {
    if (event[0] !== 'echo') lines.push(`event ${event.map((part) => show(part)).join(' ')}`);
    next();
  });
  socket.on('echo', (value: unknown) => socket.emit('echo', value));
  socket.on('again', (...args: unknown[]) => {
    try {
      socket.emit('again', ...args);
    } catch (error) {
      lines.push(`emit threw ${(error as Error).name}`);
    }
  });
  socket.on('merge', (value: object) => {
    Object.assign({}, value);
    lines.push(`polluted: ${'polluted' in {}}`);
  });
  socket.on('binary', () => socket.emit('binary', Buffer.from([1, 2, 3])));
  socket.on('bye', () => socket.disconnect(true));
  socket.on('error', () => lines.push('error'));
  socket.on('disconnect', (reason: string) => lines.push(`disconnect ${socket.nsp.name} ${reason}`));
}

function serveConnection(conn: any): void {
  const seen = record(conn);
  seen.opened++;
  conn.on('close', (reason: string) => {
    seen.ends.push(`closed ${reason}`);
    progress();
  });
  progress();
}

async function loadServerClass(kind: Kind): Promise<ServerClass> {
  if (kind === 'broadside') return (await import('../../core/index.ts')).Server as unknown as ServerClass;
  if (kind === '4.x') return (await import('socket.io')).Server as unknown as ServerClass;
  return createRequire(import.meta.url)('socket.io-2');
}

async function listen(kind: Kind): Promise<Greeting['ports']> {
  const ServerClass = await loadServerClass(kind);
  const ports = {} as { [name in HouseName]: number };
  for (const [name, { options }] of houses) {
    const io = new ServerClass({ ...options });
    // Version 2 takes engine options here only, Broadside and version 4 take them from both.
    io.listen(0, { ...options });
    for (const namespace of ['/', '/chat']) io.of(namespace).on('connection', serveSocket);
    io.engine.on('connection', serveConnection);
    if (!io.httpServer.listening) await once(io.httpServer, 'listening');
    ports[name] = (io.httpServer.address() as AddressInfo).port;
  }
  return ports;
}

/** Waits until the case's connections have all come, and all gone if that is said. */
async function report({ key, opened, over }: Extract<Request, { op: 'report' }>): Promise<string[]> {
  const complete = (): boolean => {
    const seen = records.get(key);
    return (seen?.opened ?? 0) >= opened && (!over || (seen?.ends.length ?? 0) >= opened);
  };
  while (!complete()) await new Promise<void>((resolve) => onProgress.push(resolve));
  await new Promise((resolve) => setImmediate(resolve)); // other listeners of the same event
  const { lines = [], ends = [] } = records.get(key) ?? {};
  records.delete(key);
  return [...lines, ...(over ? ends : [])];
}

/** Resident bytes after a full collection. */
function memory(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage.rss();
}

process.on('message', async (request: Request) => {
  const value = request.op === 'report' ? await report(request) : memory();
  process.send?.({ id: request.id, value } satisfies Reply);
});
process.on('disconnect', () => process.exit(0));

process.send?.({ ports: await listen(process.argv[2] as Kind) } satisfies Greeting);
