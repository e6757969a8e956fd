/**
 * Predicts, at the moment of each call on the server, which client receives which message. The soak test runs it.
 * Deliberately naive: it walks every member for every broadcast and knows nothing of rows, slots or threads.
 */
import type { ClientReport } from './protocol.ts';

/** Who ended a connection. What the server ended must still have received everything, what a client ended a prefix. */
export type EndedBy = 'nobody' | 'server' | 'client';

export interface Connection {
  readonly key: number;
  /** Numbers of the messages it must receive, in order, since the last comparison; all namespaces together. */
  expected: number[];
  endedBy: EndedBy;
  readonly members: Map<string, Member>;
}

export interface Member {
  readonly connection: Connection;
  readonly namespace: string;
  readonly id: string;
  readonly rooms: Set<string>;
}

export interface Audience {
  rooms?: readonly string[];
  except?: readonly string[];
  /** The socket that broadcasts: its id counts as excepted, and so does everybody who joined the room of that name. */
  sender?: Member;
}

const inAny = (member: Member, rooms: readonly string[]): boolean => rooms.some((room) => member.rooms.has(room));

export class Model {
  readonly #connections = new Map<number, Connection>();
  readonly #members = new Map<string, Set<Member>>();
  /** Deliveries predicted so far. */
  predicted = 0;

  expectClient(key: number): void {
    this.#connections.set(key, { key, expected: [], endedBy: 'nobody', members: new Map() });
  }

  enter(key: number, namespace: string, id: string): Member {
    const connection = this.#connections.get(key)!;
    const member: Member = { connection, namespace, id, rooms: new Set([id]) };
    connection.members.set(namespace, member);
    let crowd = this.#members.get(namespace);
    if (!crowd) {
      crowd = new Set();
      this.#members.set(namespace, crowd);
    }
    crowd.add(member);
    return member;
  }

  exit(member: Member): void {
    member.connection.members.delete(member.namespace);
    this.#members.get(member.namespace)!.delete(member);
  }

  unicast(member: Member, n: number): void {
    member.connection.expected.push(n);
    this.predicted++;
  }

  broadcast(namespace: string, n: number, { rooms = [], except = [], sender }: Audience): void {
    const without = sender ? [...except, sender.id] : except;
    for (const member of this.#members.get(namespace) ?? []) {
      if ((rooms.length > 0 && !inAny(member, rooms)) || inAny(member, without)) continue;
      this.unicast(member, n);
    }
  }

  /** Compares a report with the prediction and starts the next phase; returns what is wrong, or nothing. */
  settle({ key, numbers, endings }: ClientReport): string | undefined {
    const connection = this.#connections.get(key)!;
    const { expected, endedBy, members } = connection;
    connection.expected = [];
    if (endings) this.#connections.delete(key);
    if (endings && endedBy === 'nobody') return `client ${key} was disconnected: ${endings.join(', ')}`;
    if (endings && endedBy === 'server' && members.size > 0) return `client ${key} is gone, the server has not noticed`;
    const differs = numbers.findIndex((n, i) => n !== expected[i]);
    if (differs >= 0) {
      const around = (list: number[]): string => list.slice(Math.max(0, differs - 2), differs + 3).join(' ');
      return `client ${key} at ${differs} of ${expected.length}: got ${around(numbers)}, expected ${around(expected)}`;
    }
    if (endedBy === 'client' || numbers.length === expected.length) return undefined;
    return `client ${key} got ${numbers.length} of ${expected.length}, the next would be ${expected[numbers.length]}`;
  }

  /** Keys of connections that no report has ended. */
  get keys(): IterableIterator<number> {
    return this.#connections.keys();
  }
}
