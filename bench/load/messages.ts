/**
 * What the processes of a bench say to each other: a server over an IPC channel, the generator in lines (see
 * generator-process.ts). Types and one sender only.
 * The orchestrator (run.ts) talks to one server and one generator, which never talk to each other except through
 * the sockets under test and the `progress` messages the orchestrator relays.
 */
import type { AudienceKind } from './audience.ts';
import type { PayloadForm } from './payload.ts';

/** What both sides of a run must agree on before the first connection. */
export interface Workload {
  readonly clients: number;
  readonly audience: AudienceKind;
  readonly form: PayloadForm;
  /** Of the text, the binary, or about the JSON of one emit. */
  readonly payloadBytes: number;
}

/** As fast as the in-flight bound allows. */
export interface SaturatingDrive {
  readonly kind: 'saturate';
  /** Emits per turn of the event loop. */
  readonly perTurn: number;
  /** In-flight bound: messages emitted that the slowest client has not yet seen. */
  readonly window: number;
}

/** At a fixed pace, whatever is still in flight; a server that falls behind catches up as fast as it can. */
export interface PacedDrive {
  readonly kind: 'pace';
  readonly ticksPerSecond: number;
  /** Emits at each tick. */
  readonly burst: number;
}

/** How a server is driven. A later way of driving it is a further member of this union. */
export type Drive = SaturatingDrive | PacedDrive;

/** Both must be reached before a drive ends. */
export interface Goal {
  readonly messages: number;
  readonly millis: number;
}

/** Joins and leaves in the server's process. */
export interface ChurnPlan {
  /** Rooms in all, and of those how many each client is in. */
  readonly rooms: number;
  readonly roomsPerClient: number;
  /** Joins or leaves per turn of the event loop. */
  readonly perTurn: number;
  /** Changes after the index has been filled. */
  readonly changes: number;
}

export type ServerCommand =
  /** Once it has not fallen for so long: the collectors of all threads give back what they can do without. */
  | { kind: 'memory'; steadyMillis: number }
  | { kind: 'connections' }
  /** What costs from here on is what `collect` tells. */
  | { kind: 'mark' }
  /** Emit so often to a room that nobody is in: compiles the code, delivers nothing. Answered by `heated`. */
  | { kind: 'heat'; emits: number }
  | { kind: 'run'; drive: Drive; goal: Goal }
  | { kind: 'churn'; plan: ChurnPlan }
  | Progress
  | { kind: 'collect' }
  | { kind: 'stop' };

/** Deliveries the server may count as done: with one group those of the slowest client, times the clients. */
export interface Progress {
  kind: 'progress';
  seen: number;
}

export type ServerReport =
  | { kind: 'ready'; port: number }
  /** Answer to `memory`, taken after garbage collection. */
  | { kind: 'memory'; rssBytes: number }
  /** `connection` events so far, when the last was, and how many of those sockets are still there. */
  | { kind: 'connections'; count: number; lastMicros: number; open: number }
  | { kind: 'marked' }
  | { kind: 'heated' }
  | ({ kind: 'emitted' } & Emitted)
  | ({ kind: 'churned' } & Churned)
  | ({ kind: 'usage' } & ServerUsage)
  | { kind: 'failed'; message: string };

/** All was emitted. */
export interface Emitted {
  /** Last sequence number of each group. */
  counts: number[];
  messages: number;
  deliveries: number;
  firstEmitMicros: number;
  lastEmitMicros: number;
  /** Time the driver slept because the in-flight bound was reached. */
  heldMicros: number;
  /** Time inside emit calls, by the wall clock: on a full machine it includes being preempted. */
  emitMeanMicros: number;
  emitMedianMicros: number;
}

export interface Churned {
  memberships: number;
  fillPerSecond: number;
  changesPerSecond: number;
  bytesPerMembership: number;
  /** Event loop delay past its timer: the longest turn someone else had to wait for. */
  longestPauseMillis: number;
  /** Longest turn, without the time that the thread waited for a core. */
  longestOwnMillis: number;
  pauseP99Millis: number;
  /** Rooms whose size is not what the joins and leaves make it. */
  wrongRooms: number;
}

/** What a run cost from `mark` until now. */
export interface ServerUsage {
  cpuUserMicros: number;
  cpuSystemMicros: number;
  /** CPU time of the app thread alone, exact to some milliseconds in all; undefined where the system does not tell. */
  appCpuMicros?: number;
  /** Time the app thread's event loop did not idle, in all. */
  loopActiveMicros: number;
}

/**
 * `socketio`: Engine.IO 4 and Socket.IO 5 over WebSocket. `socketio-2`: Engine.IO 3, as clients of Socket.IO 2 speak.
 * `plain`: a bare WebSocket that is sent the same texts.
 */
export type Dialect = 'socketio' | 'socketio-2' | 'plain';

/** sample: some events at every client. last: every emit, when the last of its receivers has it. */
export type Timing = 'sample' | 'last';

export type GeneratorCommand =
  | { kind: 'connect'; port: number; dialect: Dialect; workload: Workload; timing: Timing }
  /** Forget deliveries, latencies and CPU so far; sequence checking goes on. Answered by `begun`. */
  | { kind: 'begin' }
  /** Every client asks, one question in flight each, for so long. Answered by `answers`. */
  | { kind: 'ask'; millis: number }
  /** Wait until every client has seen what was emitted to it, or nothing arrives any more, then tell. */
  | { kind: 'finish'; counts: number[] }
  /** End all connections; a new `connect` may follow. Answered by `left`. */
  | { kind: 'leave' }
  | { kind: 'stop' };

export type GeneratorReport =
  | { kind: 'ready' }
  | { kind: 'connected'; startMicros: number; busyShare: number }
  | { kind: 'begun' }
  | { kind: 'left' }
  | Progress
  | ({ kind: 'tally' } & Tally)
  | ({ kind: 'answers' } & Answers)
  | { kind: 'failed'; message: string };

/** Faults count from the first connection on, so that none hides in a warm-up. */
export interface Faults {
  lost: number;
  doubled: number;
  reordered: number;
  /** Events of another length than was sent, or at a client they were not for. */
  malformed: number;
}

export interface GeneratorLoad {
  /** Of one core, user and system, from `begin` to the end. */
  generatorCpuShare: number;
  /** Share of that time in which the generator's loop had work: near 1 means the generator set the pace. */
  generatorBusyShare: number;
}

export interface Latency {
  latencySamples: number;
  latencyP50Micros: number;
  latencyP99Micros: number;
  latencyP999Micros: number;
}

export interface Tally extends Faults, GeneratorLoad, Latency {
  deliveries: number;
  lastDeliveryMicros: number;
}

export interface Answers extends Faults, GeneratorLoad, Latency {
  answers: number;
  seconds: number;
}

/** Sends to the orchestrator; only for a server it has started. */
export function report(message: ServerReport): void {
  if (process.send === undefined) throw new Error('this file is started by bench/load/run.ts');
  if (process.connected) process.send(message);
}
