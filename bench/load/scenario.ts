/**
 * What is measured, apart from the server it is measured on: the workload, how it is driven, and on whom. Types, and how
 * they are told to a reader; the scenarios themselves are in scenarios.ts.
 */
import type { ChurnPlan, Drive, Goal, Timing, Workload } from './messages.ts';

interface Common extends Workload {
  /** Name for `--scenarios`, unique. */
  readonly name: string;
  readonly title: string;
  /** Names of the contenders, in the order they run. */
  readonly servers: readonly string[];
  /** Runs per server, time permitting. */
  readonly repeat: number;
  /** Servers that run once more: their figures are near what is wanted, and the machine changes them by more than that. */
  readonly closeCalls: readonly string[];
}

/** Runs of one server, time permitting. */
export function runsOf({ repeat, closeCalls }: Scenario, server: string): number {
  return closeCalls.includes(server) ? repeat + 1 : repeat;
}

/** Emits of one kind until both parts of the goal are reached. */
export interface Phase {
  readonly drive: Drive;
  readonly goal: Goal;
}

/** Emits that are delivered and checked. */
export interface DeliveryScenario extends Common, Phase {
  readonly kind: 'deliver';
  readonly timing: Timing;
  /** Emits to nobody before that, where a drive has too few to get the code compiled. Only for servers with rooms. */
  readonly heatEmits: number;
  /** Until connections and caches are warm and the code is compiled; checked, not counted. */
  readonly warmUps: readonly Phase[];
}

/** What connections cost while nothing happens. */
export interface IdleScenario extends Common {
  readonly kind: 'idle';
  /**
   * Memory that has not fallen for so long has settled. V8 shrinks the heaps of threads at rest in steps, up to twelve
   * seconds apart.
   */
  readonly steadyMillis: number;
}

/** All connect at once. */
export interface ConnectScenario extends Common {
  readonly kind: 'connect';
  /** So often; they leave in between, and the last time counts. */
  readonly rounds: number;
}

/** Events with ack, one in flight per client. */
export interface AskScenario extends Common {
  readonly kind: 'ask';
  readonly warmUpMillis: number;
  readonly millis: number;
}

/** Joins and leaves. */
export interface ChurnScenario extends Common {
  readonly kind: 'churn';
  readonly plan: ChurnPlan;
}

export type Scenario = DeliveryScenario | IdleScenario | ConnectScenario | AskScenario | ChurnScenario;

/** One line: what runs, and with what. */
export function describe(scenario: Scenario): string {
  const { clients, payloadBytes, form } = scenario;
  const size = `${clients.toLocaleString('en-US')} clients`;
  switch (scenario.kind) {
    case 'deliver':
      return `${size}, ${payloadBytes}-byte ${form}, ${describeDrive(scenario.drive)}, at least ${scenario.goal.messages} messages and ${scenario.goal.millis / 1e3} s per run`;
    case 'idle':
      return `${size}, memory after it has settled`;
    case 'connect':
      return `${size}, the last of ${scenario.rounds} times`;
    case 'ask':
      return `${size}, ${scenario.millis / 1e3} s per run`;
    case 'churn':
      return `${size}, ${memberships(scenario)} memberships: ${scenario.plan.rooms} rooms, each client in ${scenario.plan.roomsPerClient}, ${scenario.plan.changes} changes, ${scenario.plan.perTurn} per turn`;
  }
}

function describeDrive(drive: Drive): string {
  if (drive.kind === 'pace') return `${Number(drive.ticksPerSecond.toFixed(2))} times a second ${drive.burst} emit(s)`;
  return `${drive.perTurn} emit(s) per turn, in-flight bound ${drive.window} messages`;
}

function memberships({ clients, plan }: ChurnScenario): string {
  return (clients * plan.roomsPerClient).toLocaleString('en-US');
}
