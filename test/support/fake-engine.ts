/**
 * An engine without threads: keeps the order, rows and targets the coordinator would keep, on one thread, and refuses
 * what the coordinator may not be asked. Tests of the Socket.IO layer drive connections of it by hand.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Link, PacketFrames, Targets } from '../../core/agents/link.ts';
import type { GivenOptions } from '../../core/api/api-options.ts';
import type { BareConn, ReadyState } from '../../core/api/conn.ts';
import { type EngineHost, type ListenHandle, setEngineFactory } from '../../core/api/engine-host.ts';
import { Server } from '../../core/api/server.ts';
import type { RowNumber, SessionNumber } from '../../core/session/ids.ts';
import type { HandshakeRequest } from '../../core/wire/request-info.ts';

/** What one client was sent, text and attachments in order. */
export type Received = (string | Uint8Array)[];

export class FakeLink implements Link {
  writable = true;
  readonly rows = new Map<RowNumber, Set<SessionNumber>>();
  readonly conns = new Map<SessionNumber, FakeConn>();
  /** Calls by name, for tests that count them. */
  readonly calls: Record<string, number> = {};
  readonly flags: number[] = [];
  #nextRow = 1;

  send(session: SessionNumber, frames: PacketFrames, flags: number): void {
    this.#count('send', flags);
    this.conns.get(session)?.take(frames);
  }

  broadcast(targets: Targets, frames: PacketFrames, flags: number): void {
    this.#count('broadcast', flags);
    assert.ok(targets.rows.length + targets.sessions.length > 0, 'a broadcast names somebody');
    const reached = new Set(targets.sessions);
    for (const row of targets.rows) for (const session of this.#row(row)) reached.add(session);
    for (const row of targets.exceptRows) for (const session of this.#row(row)) reached.delete(session);
    for (const session of targets.exceptSessions) reached.delete(session);
    for (const session of reached) this.conns.get(session)?.take(frames);
  }

  allocateRow(): RowNumber {
    const row = this.#nextRow++ as RowNumber;
    this.rows.set(row, new Set());
    return row;
  }

  freeRow(row: RowNumber): void {
    assert.equal(this.#row(row).size, 0, `row ${row} is empty when it is freed`);
    this.rows.delete(row);
  }

  join(session: SessionNumber, rows: readonly RowNumber[]): void {
    this.#count('join');
    for (const row of rows) if (this.conns.has(session)) this.#row(row).add(session);
  }

  leave(session: SessionNumber, rows: readonly RowNumber[]): void {
    this.#count('leave');
    for (const row of rows) this.#row(row).delete(session);
  }

  closeSession(session: SessionNumber): void {
    this.conns.get(session)?.close();
  }

  /** The session is gone: the coordinator takes it out of every row before anyone is told. */
  release(session: SessionNumber): void {
    this.conns.delete(session);
    for (const members of this.rows.values()) members.delete(session);
  }

  #row(row: RowNumber): Set<SessionNumber> {
    const members = this.rows.get(row);
    assert.ok(members, `row ${row} is allocated`);
    return members;
  }

  #count(name: string, flags?: number): void {
    this.calls[name] = (this.calls[name] ?? 0) + 1;
    if (flags !== undefined) this.flags.push(flags);
  }
}

export interface ConnOptions {
  protocol?: number;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  transport?: { name?: string; writable: boolean };
  /** Without a session, as a foreign engine's. */
  foreign?: boolean;
}

let sessions = 0;

export class FakeConn extends EventEmitter implements BareConn {
  readonly id: string;
  readonly request: HandshakeRequest;
  readonly remoteAddress = '203.0.113.7';
  readonly protocol: number;
  readonly session?: SessionNumber;
  transport: { name?: string; writable: boolean };
  readyState: ReadyState = 'open';
  readonly received: Received = [];
  readonly #link: FakeLink;

  constructor(link: FakeLink, options: ConnOptions = {}) {
    super();
    const number = ++sessions;
    this.#link = link;
    this.id = `session-${number}`;
    this.protocol = options.protocol ?? 4;
    this.transport = options.transport ?? { name: 'websocket', writable: true };
    const query = { EIO: String(this.protocol), transport: 'websocket', ...options.query };
    this.request = {
      method: 'GET',
      url: `/socket.io/?${new URLSearchParams(query)}`,
      headers: { host: 'localhost', ...options.headers },
      connection: { encrypted: false, remoteAddress: this.remoteAddress },
      _query: query,
    };
    if (!options.foreign) {
      this.session = number as SessionNumber;
      link.conns.set(this.session, this);
    }
  }

  /** The client's packets arrive. */
  receive(...frames: (string | Buffer)[]): void {
    for (const frame of frames) this.emit('data', frame);
  }

  /** The transport ends by itself. */
  drop(reason = 'transport close', description?: unknown): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    if (this.session !== undefined) this.#link.release(this.session);
    this.emit('close', reason, description);
  }

  /** Reported back later, as a thread would. */
  close(): void {
    if (this.readyState !== 'open') return;
    this.readyState = 'closing';
    setImmediate(() => this.drop('forced close'));
  }

  take(frames: PacketFrames): void {
    if (this.readyState === 'open') this.received.push(...frames);
  }

  write(data: string | Uint8Array): void {
    this.received.push(data);
  }

  /** What came since the last call. */
  taken(): Received {
    return this.received.splice(0);
  }
}

class FakeListenHandle extends EventEmitter implements ListenHandle {
  listening = true;
  readonly port: number;

  constructor(port: number) {
    super();
    this.port = port;
  }

  address(): { address: string; family: string; port: number } {
    return { address: '::', family: 'IPv6', port: this.port };
  }

  close(callback?: (error?: Error) => void): void {
    this.listening = false;
    callback?.();
  }
}

export class FakeEngine extends EventEmitter implements EngineHost {
  readonly link = new FakeLink();
  readonly options: GivenOptions;
  readonly handles: FakeListenHandle[] = [];
  closed = false;

  constructor(options: GivenOptions) {
    super();
    this.options = options;
  }

  get writable(): boolean {
    return this.link.writable;
  }

  get clientsCount(): number {
    return this.link.conns.size;
  }

  listen(port: number): ListenHandle {
    const handle = new FakeListenHandle(port);
    this.handles.push(handle);
    return handle;
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const conn of [...this.link.conns.values()]) conn.drop('forced close');
  }

  stats(): object {
    return { drops: 0 };
  }

  open(options?: ConnOptions): FakeConn {
    const conn = new FakeConn(this.link, options);
    this.emit('connection', conn);
    return conn;
  }
}

setEngineFactory((options) => new FakeEngine(options));

/** A Server on a fake engine. */
export function fakeServer(options: GivenOptions = {}): { io: Server; engine: FakeEngine; link: FakeLink } {
  const io: Server = new Server(0, options);
  const engine = io.engine as unknown as FakeEngine;
  return { io, engine, link: engine.link };
}

/** Runs what was put off to later ticks. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A client of Socket.IO 3 or later that has joined `nsp`, its reply taken. */
export async function join(engine: FakeEngine, nsp = '/', options?: ConnOptions): Promise<FakeConn> {
  const conn = engine.open(options);
  conn.receive(nsp === '/' ? '0' : `0${nsp},`);
  await settle();
  conn.taken();
  return conn;
}

/** A client of Socket.IO 2 that has joined `/`, its reply taken. */
export async function joinLegacy(engine: FakeEngine, options?: ConnOptions): Promise<FakeConn> {
  const conn = engine.open({ protocol: 3, ...options });
  await settle();
  conn.taken();
  return conn;
}

/** What `body` makes an uncaught exception of, while the test runner looks away. */
export async function uncaught(body: () => void | Promise<void>): Promise<unknown[]> {
  const errors: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => errors.push(error));
  try {
    await body();
    await settle();
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
  return errors;
}
