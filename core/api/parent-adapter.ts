/**
 * The adapter of a parent namespace: passes what is sent on to the adapters of its children. App thread.
 * It has no sockets of its own, and questions about them have no answer.
 */
import { EventEmitter } from 'node:events';
import type { AdapterBridge, BroadcastOptions, Room, SocketId } from './adapter-bridge.ts';
import type { ParentNamespace } from './parent-namespace.ts';
import type { Packet } from './parser.ts';

function unsupported(method: string): never {
  throw new Error(`${method}() is not supported on parent namespaces`);
}

export class ParentAdapter extends EventEmitter implements AdapterBridge {
  readonly nsp: ParentNamespace<any, any, any, any>;
  readonly rooms: ReadonlyMap<Room, ReadonlySet<SocketId>> = new Map();
  readonly sids: ReadonlyMap<SocketId, ReadonlySet<Room>> = new Map();

  constructor(nsp: ParentNamespace<any, any, any, any>) {
    super();
    this.nsp = nsp;
  }

  enroll(): void {}

  withdraw(): void {}

  addAll(): void {}

  del(): void {}

  delAll(): void {}

  /** Each child gets a packet of its own: adapters may add to it. */
  broadcast(packet: Packet, opts: BroadcastOptions): void {
    for (const child of this.nsp.children) child.bridge.broadcast(packetFor(child.name, packet), opts);
  }

  broadcastWithAck(
    packet: Packet,
    opts: BroadcastOptions,
    clientCount: (count: number) => void,
    ack: (answer: unknown) => void,
    lost?: () => void,
  ): () => void {
    let recipients = 0;
    const stops = [...this.nsp.children].map((child) =>
      child.bridge.broadcastWithAck(packetFor(child.name, packet), opts, (count) => (recipients += count), ack, lost),
    );
    clientCount(recipients);
    return () => {
      for (const stop of stops) stop();
    };
  }

  sockets(): Promise<ReadonlySet<SocketId>> {
    return unsupported('clients');
  }

  socketRooms(): undefined {
    return undefined;
  }

  fetchSockets(): Promise<never[]> {
    return unsupported('fetchSockets');
  }

  addSockets(opts: BroadcastOptions, rooms: Room[]): void {
    for (const child of this.nsp.children) child.bridge.addSockets(opts, rooms);
  }

  delSockets(opts: BroadcastOptions, rooms: Room[]): void {
    for (const child of this.nsp.children) child.bridge.delSockets(opts, rooms);
  }

  disconnectSockets(opts: BroadcastOptions, close: boolean): void {
    for (const child of this.nsp.children) child.bridge.disconnectSockets(opts, close);
  }

  serverSideEmit(packet: unknown[]): void {
    for (const child of this.nsp.children) child.bridge.serverSideEmit([...packet]);
  }

  serverCount(): Promise<number> {
    return Promise.resolve(1);
  }

  persistSession(): void {}

  restoreSession(): null {
    return null;
  }

  close(): void {}
}

function packetFor(nsp: string, packet: Packet): Packet {
  return { ...packet, nsp, data: [...packet.data] };
}
