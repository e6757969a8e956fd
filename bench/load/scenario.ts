/**
 * What is measured, apart from the server it is measured on. A further scenario is a further value of this type;
 * a further way to drive a server is a member of `Drive`.
 */
import type { Drive, Goal } from './messages.ts';

export interface Scenario {
  readonly name: string;
  readonly clients: number;
  /** Text of one emit; the frame is ten bytes longer. */
  readonly payloadBytes: number;
  readonly drive: Drive;
  /** Until the code is hot; checked, not counted. */
  readonly warmUp: Goal;
  readonly goal: Goal;
}

export interface FanOutSize {
  readonly clients: number;
  readonly payloadBytes: number;
  readonly perTurn: number;
  readonly window: number;
  /** Per server and run. */
  readonly deliveries: number;
  readonly millis: number;
}

/** Every emit goes to every client; as fast as the in-flight bound allows. */
export function fanOut(size: FanOutSize): Scenario {
  return {
    name: 'fan-out, saturated',
    clients: size.clients,
    payloadBytes: size.payloadBytes,
    drive: { kind: 'saturate', perTurn: size.perTurn, window: size.window },
    warmUp: { messages: 50, millis: Math.min(500, size.millis / 4) },
    goal: { messages: Math.ceil(size.deliveries / size.clients), millis: size.millis },
  };
}

export function describe(scenario: Scenario): string {
  const { drive } = scenario;
  return (
    `${scenario.name}: ${scenario.clients} clients, ${scenario.payloadBytes}-byte text, ` +
    `${drive.perTurn} emit${drive.perTurn === 1 ? '' : 's'} per turn, in-flight bound ${drive.window} messages, ` +
    `at least ${scenario.goal.messages} messages and ${scenario.goal.millis / 1e3} s per run`
  );
}
