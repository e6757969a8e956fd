/**
 * One connection: decodes what arrives, hands packets to the sockets of its namespaces in wire order. App thread.
 * It decides on its own when a client breaks the protocol; it never looks into arguments.
 */
import type { IncomingMessage } from 'node:http';
import { parse } from 'node:querystring';
import { FLAG_COMPRESS, FLAG_VOLATILE, type Link, type PacketFrames } from '../agents/link.ts';
import type { SessionNumber } from '../session/ids.ts';
import type { DisconnectReason } from '../session/reasons.ts';
import type { BareConn, Conn } from './conn.ts';
import { EngineConn } from './engine-conn.ts';
import type { Query } from './handshake.ts';
import type { ExtendedError } from './middleware.ts';
import { standsAlone } from './packet-decoder.ts';
import { DEFAULT_PARSER, type Packet, type PacketEncoder, PacketType } from './parser.ts';
import { PendingPacket } from './pending-packet.ts';
import type { Server } from './server.ts';
import type { Socket } from './socket.ts';
import { emitLocally } from './user-code.ts';

type AnySocket = Socket<any, any, any, any>;
type AnyServer = Server<any, any, any, any>;

/** 'closing': ended by us, the connection is still to report. 'gone': it has. */
type ClientState = 'open' | 'closing' | 'gone';

const MAIN = '/';

/** How adapters and engines of Socket.IO say that a packet is sent. @since Socket.IO 2 */
export interface EngineWriteOptions {
  /** Whether a packet is given as frames. @default false */
  preEncoded?: boolean;
  /** Whether it may be dropped for a client that cannot take it now. @default false */
  volatile?: boolean;
  /** Whether it may be compressed on its way. @default true */
  compress?: boolean;
}

/** The same as a sum of FLAG_*. */
export function engineFlags({ volatile, compress }: EngineWriteOptions): number {
  return (volatile ? FLAG_VOLATILE : 0) | (compress === false ? 0 : FLAG_COMPRESS);
}

/** One connection; several sockets, one per namespace, share it. @since Socket.IO 2 */
export class Client {
  /** The server it connected to. @since Socket.IO 2 */
  readonly server: AnyServer;
  /** The Engine.IO connection. @since Socket.IO 2 */
  readonly conn: Conn;
  /** The command ring of the engine the connection came from; undefined for a foreign engine. @internal */
  readonly link: Link | undefined;
  #state: ClientState = 'open';
  /** By namespace, those in middleware included. Most connections have one socket, and a Map costs more than that. */
  #only: AnySocket | undefined;
  #sockets: Map<string, AnySocket> | undefined;
  /** Only while attachments are due; otherwise the server's shared decoder does. */
  #partial: PendingPacket | undefined;
  #connectTimer: NodeJS.Timeout | undefined;
  /** Socket.IO 2 only: other namespaces wait until `/` was joined once. */
  #mainJoined = false;
  #waiting: Map<string, Query> | undefined;
  /** Namespaces it asked for that are still looked for, each with a token of its own. */
  #arrivals: Map<string, object> | undefined;
  /** Namespaces the server has put it out of: what it sent before it knew is no violation. */
  #leftByServer: Set<string> | undefined;

  /** @internal */
  constructor(server: AnyServer, conn: Conn | BareConn, link: Link | undefined) {
    this.server = server;
    this.conn = conn as Conn;
    this.link = conn.session === undefined ? undefined : link;
    if (conn instanceof EngineConn) {
      conn.reader = this;
    } else {
      conn.on('data', (data: unknown) => this.onData(data));
      conn.on('close', (reason: string, description?: unknown) => this.onClose(reason, description));
      conn.on('error', (error: unknown) => this.#onError(error));
    }
    if (this.legacy) {
      this.#connect(MAIN, undefined, undefined);
    } else {
      this.#connectTimer = setTimeout(() => this.close(), server.connectTimeout()).unref();
    }
  }

  /** Id of the session: the client's secret, unlike the ids of its sockets. @since Socket.IO 2 */
  get id(): string {
    return this.conn.id;
  }

  /** What packets are encoded with. @since Socket.IO 2 */
  get encoder(): PacketEncoder {
    return this.server.encoder;
  }

  /** The handshake request. @since Socket.IO 2 */
  get request(): IncomingMessage {
    return this.conn.request;
  }

  /** Sockets by name of their namespace, those still in middleware included: a Map for this look. @since Socket.IO 2 */
  get nsps(): Map<string, AnySocket> {
    return new Map(this.#all().map((socket) => [socket.nsp.name, socket]));
  }

  /** Sockets by id. @since Socket.IO 2 */
  get sockets(): Map<string, AnySocket> {
    return new Map(
      this.#all()
        .filter((socket) => !socket.pending)
        .map((socket) => [socket.id, socket]),
    );
  }

  /** Whether it speaks Socket.IO 2. @internal */
  get legacy(): boolean {
    return (this.conn.protocol ?? 3) === 3;
  }

  /** Number in the command ring while the coordinator knows the session. @internal */
  get session(): SessionNumber | undefined {
    return this.#state === 'gone' ? undefined : this.conn.session;
  }

  /** Whether the connection belongs to a foreign engine, which has no command ring. @internal */
  get foreign(): boolean {
    return this.link === undefined;
  }

  /** Whether sockets may still join namespaces. @internal */
  get open(): boolean {
    return this.#state === 'open' && this.conn.readyState === 'open';
  }

  /** Encodes and sends one packet. @internal */
  packet(packet: Packet, flags: number): void {
    this.write(this.server.encoder.encode(packet), flags);
  }

  /** Sends one encoded packet: all of its frames or none. @internal */
  write(frames: PacketFrames, flags: number): void {
    const volatile = (flags & FLAG_VOLATILE) !== 0;
    if (this.link !== undefined) {
      const session = this.session;
      if (session === undefined || (volatile && !this.link.writable)) return;
      this.link.send(session, frames, flags);
      return;
    }
    if (this.conn.readyState !== 'open' || (volatile && !this.conn.transport.writable)) return;
    for (const frame of frames) this.conn.write(frame, { compress: (flags & FLAG_COMPRESS) !== 0 });
  }

  /**
   * Sends encoded frames; adapters that keep their own rooms call it for each recipient.
   *
   * @param frames of one packet
   * @param options volatile: may be dropped; compress: true by default @since Socket.IO 3
   */
  writeToEngine(frames: PacketFrames | string | Uint8Array, options: EngineWriteOptions = {}): void {
    const list = typeof frames === 'string' || frames instanceof Uint8Array ? [frames] : frames;
    this.write(list, engineFlags(options));
  }

  /** Takes a frame from the client. @internal */
  ondata(frame: unknown): void {
    this.onData(frame);
  }

  /** The answer to a request for a namespace comes later. @returns a token for `admits()` @internal */
  arrive(name: string): object {
    const token = {};
    this.#arrivals ??= new Map();
    this.#arrivals.set(name, token);
    return token;
  }

  /** Whether the client still waits for the answer to that very request. @internal */
  admits(name: string, token: object): boolean {
    if (!this.open || this.#arrivals?.get(name) !== token) return false;
    this.#arrivals.delete(name);
    return true;
  }

  /** Tells the client that a namespace or an event was refused, in its generation's form. @internal */
  refuse(name: string, error: Pick<ExtendedError, 'message' | 'data'>): void {
    const { message, data } = error;
    // Not every format drops keys without a value.
    const modern = data === undefined ? { message } : { message, data };
    const payload: unknown = this.legacy ? data || message : modern;
    this.packet({ type: PacketType.CONNECT_ERROR, nsp: name, data: payload }, FLAG_COMPRESS);
  }

  /** Disconnects every socket of this connection, then closes it. @since Socket.IO 2 */
  disconnect(): void {
    for (const socket of this.#all()) socket.disconnect();
    this.close();
  }

  /** Closes the connection after what was sent; the sockets are disconnected within the call. @since Socket.IO 2 */
  close(): void {
    if (this.#state !== 'open') return;
    const { transport } = this.conn;
    // A polling client without a pending request hears of it later: the contract gives that its own reason.
    this.#end(transport.name === 'polling' && !transport.writable ? 'forced server close' : 'forced close');
    this.conn.close();
  }

  /** A socket asks to be let into its namespace. @internal */
  add(socket: AnySocket): void {
    if (this.#only === undefined && this.#sockets === undefined) {
      this.#only = socket;
      return;
    }
    this.#sockets ??= this.nsps;
    this.#only = undefined;
    this.#sockets.set(socket.nsp.name, socket);
  }

  /** Middleware has refused it. @internal */
  refused(socket: AnySocket): void {
    this.#take(socket.nsp.name);
  }

  /** A socket of this connection was let into its namespace. @internal */
  joined(socket: AnySocket): void {
    clearTimeout(this.#connectTimer);
    this.#connectTimer = undefined;
    this.conn.joined?.();
    if (!this.legacy || this.#mainJoined || socket.nsp.name !== MAIN) return;
    this.#mainJoined = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const [name, query] of waiting ?? []) this.#connect(name, undefined, query);
  }

  /** A socket of this connection is out of its namespace. @internal */
  remove(socket: AnySocket, byServer: boolean): void {
    const { name } = socket.nsp;
    if (this.#in(name) !== socket) return;
    this.#take(name);
    if (!byServer) return;
    this.#leftByServer ??= new Set();
    this.#leftByServer.add(name);
  }

  /** News from the connection. @internal */
  onData(data: unknown): void {
    if (this.#state !== 'open') return;
    let packet: Packet | undefined;
    try {
      packet = this.#decode(data);
    } catch (error) {
      this.#onError(error);
      return;
    }
    if (packet !== undefined) this.#route(packet);
  }

  #in(name: string): AnySocket | undefined {
    return this.#only?.nsp.name === name ? this.#only : this.#sockets?.get(name);
  }

  #take(name: string): void {
    if (this.#only?.nsp.name === name) this.#only = undefined;
    else this.#sockets?.delete(name);
  }

  /** A list of its own: sockets come and go while it is read. */
  #all(): AnySocket[] {
    if (this.#only !== undefined) return [this.#only];
    return this.#sockets === undefined ? [] : [...this.#sockets.values()];
  }

  #onError(error: unknown): void {
    for (const socket of this.#all()) if (!socket.pending) emitLocally(socket, ['error', error]);
    this.close();
  }

  /** News from the connection. @internal */
  onClose(reason: string, description?: unknown): void {
    const ended = this.#state !== 'open';
    this.#state = 'gone';
    if (!ended) this.#end(reason as DisconnectReason, description);
  }

  #decode(data: unknown): Packet | undefined {
    const { parser, decoder: shared, limits } = this.server;
    if (this.#partial === undefined && standsAlone(parser, data)) return shared.add(data);
    this.#partial ??= new PendingPacket(parser, limits, (error) => this.#onError(error));
    const packet = this.#partial.add(data);
    if (packet !== undefined && parser === DEFAULT_PARSER) this.#partial = undefined;
    return packet;
  }

  #route(packet: Packet): void {
    if (packet.type === PacketType.CONNECT) {
      this.#receiveConnect(packet);
      return;
    }
    const socket = this.#in(packet.nsp);
    if (this.legacy) {
      if (socket !== undefined) this.#routeLegacy(socket, packet);
      else if (packet.type === PacketType.DISCONNECT) this.#arrivals?.delete(packet.nsp);
    } else if (packet.type === PacketType.CONNECT_ERROR) {
      this.close();
    } else if (socket === undefined) {
      if (!this.#leftByServer?.has(packet.nsp)) this.close();
    } else if (socket.pending) {
      this.close();
    } else {
      socket.receive(packet);
    }
  }

  /** Socket.IO 2 forgives packets that come too early, and lets clients report errors. */
  #routeLegacy(socket: AnySocket, packet: Packet): void {
    if (socket.pending) {
      if (packet.type === PacketType.DISCONNECT) this.#drop(socket);
    } else if (packet.type === PacketType.CONNECT_ERROR) {
      emitLocally(socket, ['error', new Error(String(packet.data))]);
    } else {
      socket.receive(packet);
    }
  }

  #receiveConnect(packet: Packet): void {
    if (!this.legacy) {
      this.#connect(packet.nsp, packet.data as Record<string, unknown> | undefined, undefined);
      return;
    }
    const mark = packet.nsp.indexOf('?');
    if (mark === -1) this.#connect(packet.nsp, undefined, undefined);
    else this.#connect(packet.nsp.slice(0, mark), undefined, parse(packet.nsp.slice(mark + 1)));
  }

  #connect(name: string, auth: Record<string, unknown> | undefined, query: Query | undefined): void {
    if (this.#in(name) !== undefined || this.#arrivals?.has(name)) {
      this.close();
      return;
    }
    this.#leftByServer?.delete(name);
    const { server } = this;
    if (this.#all().length + (this.#waiting?.size ?? 0) + (this.#arrivals?.size ?? 0) >= server.maxNamespaces) {
      this.refuse(name, { message: 'Too many namespaces' });
      return;
    }
    if (this.legacy && !this.#mainJoined && name !== MAIN) {
      this.#waiting ??= new Map();
      this.#waiting.set(name, query ?? {});
      return;
    }
    const nsp = server.namespaces.get(name);
    if (nsp !== undefined) {
      nsp.add(this, auth, query);
      return;
    }
    const token = this.arrive(name);
    server.findNamespace(name, auth ?? { ...query }, (create) => {
      if (!this.admits(name, token)) return;
      const made = create?.();
      if (made !== undefined) made.add(this, auth, query);
      else this.refuse(name, { message: create === undefined ? 'Invalid namespace' : 'Too many namespaces' });
    });
  }

  /** The client left while middleware was deciding. */
  #drop(socket: AnySocket): void {
    this.#take(socket.nsp.name);
    socket.abandon();
  }

  #end(reason: DisconnectReason, description?: unknown): void {
    if (this.#state === 'open') this.#state = 'closing';
    clearTimeout(this.#connectTimer);
    this.#partial?.destroy();
    this.#partial = undefined;
    this.#waiting = undefined;
    this.#arrivals = undefined;
    for (const socket of this.#all()) socket.finish(reason, description);
    this.#only = undefined;
    this.#sockets = undefined;
  }
}
