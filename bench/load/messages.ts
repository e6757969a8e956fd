/**
 * What the processes of a bench say to each other over their IPC channels. Types and one sender only.
 * The orchestrator (run.ts) talks to one server and one generator, which never talk to each other except through
 * the sockets under test and the `progress` messages the orchestrator relays.
 */

/** How a server is driven. A later way of driving it is a further member of this union. */
export interface SaturatingDrive {
  kind: 'saturate';
  /** Emits per turn of the event loop. */
  perTurn: number;
  /** In-flight bound: messages emitted that the slowest client has not yet seen. */
  window: number;
}
export type Drive = SaturatingDrive;

/** Both must be reached before a drive ends. */
export interface Goal {
  messages: number;
  millis: number;
}

export type ServerCommand =
  | { kind: 'memory' }
  | { kind: 'run'; drive: Drive; goal: Goal; payloadBytes: number }
  | { kind: 'progress'; slowest: number }
  | { kind: 'collect' }
  | { kind: 'stop' };

export type ServerReport =
  | { kind: 'ready'; port: number }
  /** Answer to `memory`, taken after garbage collection. */
  | { kind: 'memory'; rssBytes: number }
  /** All was emitted; `last` is the final sequence number. */
  | ({ kind: 'emitted' } & Emitted)
  /** Answer to `collect`: what the run cost from its first emit until now. */
  | ({ kind: 'usage' } & ServerUsage)
  | { kind: 'failed'; message: string };

export interface Emitted {
  last: number;
  messages: number;
  firstEmitMicros: number;
  /** Time the driver slept because the in-flight bound was reached. */
  heldMicros: number;
  /** Time inside emit calls, by the wall clock: on a full machine it includes being preempted. */
  emitMeanMicros: number;
  emitMedianMicros: number;
}

export interface ServerUsage {
  cpuUserMicros: number;
  cpuSystemMicros: number;
  rssBytes: number;
  /** Time the app thread's event loop did not idle, in all. */
  loopActiveMicros: number;
}

/** `socketio`: Engine.IO 4 and Socket.IO 5 over WebSocket. `plain`: a bare WebSocket that is sent the same texts. */
export type Dialect = 'socketio' | 'plain';

export type GeneratorCommand =
  | { kind: 'connect'; port: number; clients: number; dialect: Dialect; payloadBytes: number }
  /** Forget deliveries, latencies and CPU so far; sequence checking goes on. Answered by `begun`. */
  | { kind: 'begin' }
  /** Wait until every client has seen `last`, or nothing arrives any more, then tell. */
  | { kind: 'finish'; last: number }
  | { kind: 'stop' };

export type GeneratorReport =
  | { kind: 'ready' }
  | { kind: 'connected' }
  | { kind: 'begun' }
  | { kind: 'progress'; slowest: number }
  | ({ kind: 'tally' } & Tally)
  | { kind: 'failed'; message: string };

/** Faults count from the first connection on, so that none hides in a warm-up. */
export interface Faults {
  lost: number;
  doubled: number;
  reordered: number;
  /** Events of another length than was sent. */
  malformed: number;
}

export interface Tally extends Faults {
  deliveries: number;
  lastDeliveryMicros: number;
  latencySamples: number;
  latencyP50Micros: number;
  latencyP99Micros: number;
  /** Of one core, user and system, from `begin` to the last delivery. */
  generatorCpuShare: number;
  /** Share of that time in which the generator's loop had work: near 1 means the generator set the pace. */
  generatorBusyShare: number;
}

/** Sends to the orchestrator; only for a process it has started. */
export function report(message: ServerReport | GeneratorReport): void {
  if (process.send === undefined) throw new Error('this file is started by bench/load/run.ts');
  if (process.connected) process.send(message);
}
