/**
 * The bench as a table: every scenario with its sizes, those of a machine with two cores that server and generator share.
 * Pure; the order is the order they run in.
 */
import type { AudienceKind } from './audience.ts';
import type { Drive, Timing } from './messages.ts';
import type { PayloadForm } from './payload.ts';
import type { DeliveryScenario, Phase, Scenario } from './scenario.ts';

interface DeliverySize {
  name: string;
  title: string;
  servers: readonly string[];
  clients: number;
  drive: Drive;
  /** Deliveries per server and run, at least. */
  deliveries: number;
  millis: number;
  repeat?: number;
  closeCalls?: readonly string[];
  audience?: AudienceKind;
  form?: PayloadForm;
  payloadBytes?: number;
  timing?: Timing;
  heatEmits?: number;
  warmUps?: readonly Phase[];
}

const FAN_OUT_BYTES = 100;
/** In-flight bound of growth in deliveries: more clients means fewer messages, or the queue would be seconds long. */
const IN_FLIGHT_DELIVERIES = 128_000;
const FIFTY_A_SECOND: Drive = { kind: 'pace', ticksPerSecond: 50, burst: 1 };
const BASELINE_PAIR = ['broadside-1', 'socketio-ws'] as const;
/** Those whose figures are close run right after each other. */
const TRIO = ['broadside-1', 'uws-publish', 'socketio-ws'] as const;
const ENGINES = ['broadside-1', 'socketio-ws', 'socketio-uws'] as const;

function deliver(size: DeliverySize): DeliveryScenario {
  return {
    kind: 'deliver',
    name: size.name,
    title: size.title,
    servers: size.servers,
    repeat: size.repeat ?? 2,
    closeCalls: size.closeCalls ?? [],
    clients: size.clients,
    audience: size.audience ?? 'all',
    form: size.form ?? 'text',
    payloadBytes: size.payloadBytes ?? FAN_OUT_BYTES,
    drive: size.drive,
    timing: size.timing ?? 'sample',
    heatEmits: size.heatEmits ?? 0,
    warmUps: size.warmUps ?? [warmUp(size.drive, Math.min(600, size.millis / 3))],
    goal: { messages: Math.ceil(size.deliveries / size.clients), millis: size.millis },
  };
}

function warmUp(drive: Drive, millis: number): Phase {
  return { drive, goal: { messages: 10, millis } };
}

function saturate(window: number, perTurn = 1): Drive {
  return { kind: 'saturate', perTurn, window };
}

function growth(clients: number, servers: readonly string[], repeat = 1): DeliveryScenario {
  return deliver({
    name: `growth-${clients}`,
    title: `growth: ${clients.toLocaleString('en-US')} clients`,
    servers,
    clients,
    drive: saturate(Math.max(8, Math.min(256, Math.floor(IN_FLIGHT_DELIVERIES / clients)))),
    deliveries: Math.min(clients, 10_000) * 12,
    millis: 1_000,
    repeat,
  });
}

/**
 * How long the app thread is busy with a broadcast, at a pace that every number of clients can take. In bursts: a lone
 * emit every now and then would measure how a sleeping core wakes up.
 */
function appThread(clients: number): DeliveryScenario {
  return deliver({
    name: `app-${clients}`,
    title: `app thread: ${clients.toLocaleString('en-US')} clients, bursts of 32 emits`,
    servers: ['broadside-1'],
    clients,
    drive: { kind: 'pace', ticksPerSecond: 2, burst: 32 },
    deliveries: clients * 320,
    millis: 4_000,
    closeCalls: ['broadside-1'],
    heatEmits: 10_000,
  });
}

/** Sizes of growth; 1,000 is the fan-out scenario itself. */
export const GROWTH_CLIENTS: readonly number[] = [10, 100, 1_000, 10_000, 15_000];

export function growthScenario(clients: number): string {
  return clients === 1_000 ? 'fan-out' : `growth-${clients}`;
}

export const SCENARIOS: readonly Scenario[] = [
  deliver({
    name: 'fan-out',
    title: 'fan-out, saturated, 1 emit per turn',
    servers: [
      'broadside-1',
      'broadside-2',
      'broadside-4',
      'socketio-ws',
      'socketio-uws',
      'socketio-2',
      'uws-publish',
      'ws-loop',
      'raw-writes',
    ],
    clients: 1_000,
    drive: saturate(256),
    deliveries: 1_000_000,
    millis: 1_500,
  }),
  deliver({
    name: 'fan-out-32',
    title: 'fan-out, saturated, 32 emits per turn',
    servers: ['broadside-1', 'broadside-2', 'uws-publish'],
    clients: 1_000,
    drive: saturate(256, 32),
    deliveries: 350_000,
    millis: 1_500,
  }),
  deliver({
    name: 'paced-50',
    title: 'fan-out, 50 emits per second',
    servers: TRIO,
    clients: 1_000,
    drive: FIFTY_A_SECOND,
    deliveries: 150_000,
    millis: 3_000,
    closeCalls: ['broadside-1', 'uws-publish'],
    // V8 compiles late what is done so rarely. A second of bursts does what minutes at this pace would; a server that
    // cannot keep up with them ends with the burst that takes it past that second. Not longer: V8 collects after eight.
    warmUps: [warmUp({ kind: 'pace', ticksPerSecond: 20, burst: 100 }, 1_000), warmUp(FIFTY_A_SECOND, 2_000)],
    timing: 'last',
  }),
  deliver({
    name: 'paced-15000',
    title: 'fan-out to 15,000 clients, as many deliveries per second',
    servers: ['broadside-1', 'uws-publish'],
    clients: 15_000,
    drive: { kind: 'pace', ticksPerSecond: 10 / 3, burst: 1 },
    deliveries: 150_000,
    millis: 3_000,
    timing: 'last',
  }),
  deliver({
    name: 'latency-200',
    title: 'latency to the last client, 200 emits per second',
    servers: TRIO,
    clients: 1_000,
    drive: { kind: 'pace', ticksPerSecond: 200, burst: 1 },
    deliveries: 1_000_000,
    millis: 5_000,
    closeCalls: ['broadside-1', 'uws-publish'],
    timing: 'last',
  }),
  {
    kind: 'connect',
    name: 'connects',
    title: '10,000 clients connect',
    servers: ENGINES,
    repeat: 2,
    closeCalls: [],
    clients: 10_000,
    audience: 'all',
    form: 'text',
    payloadBytes: FAN_OUT_BYTES,
    rounds: 3,
  },
  {
    kind: 'idle',
    name: 'idle',
    title: '10,000 idle sockets with handlers',
    servers: BASELINE_PAIR,
    repeat: 1,
    closeCalls: [],
    steadyMillis: 15_000,
    clients: 10_000,
    audience: 'all',
    form: 'text',
    payloadBytes: FAN_OUT_BYTES,
  },
  {
    kind: 'ask',
    name: 'ask',
    title: 'client events with ack, one in flight each',
    servers: ENGINES,
    repeat: 2,
    closeCalls: BASELINE_PAIR,
    clients: 500,
    audience: 'all',
    form: 'text',
    payloadBytes: FAN_OUT_BYTES,
    warmUpMillis: 2_000,
    millis: 2_000,
  },
  deliver({
    name: 'binary-1k',
    title: 'binary 1 KB, saturated',
    servers: BASELINE_PAIR,
    clients: 1_000,
    form: 'binary',
    payloadBytes: 1_024,
    drive: saturate(128),
    deliveries: 60_000,
    millis: 1_500,
  }),
  deliver({
    name: 'binary-16k',
    title: 'binary 16 KB, saturated',
    servers: ['broadside-1', 'broadside-2', 'socketio-ws', 'uws-publish', 'raw-writes'],
    clients: 200,
    form: 'binary',
    payloadBytes: 16_384,
    drive: saturate(32),
    deliveries: 40_000,
    millis: 1_500,
  }),
  deliver({
    name: 'json-1k',
    title: 'JSON 1 KB, saturated',
    servers: BASELINE_PAIR,
    clients: 1_000,
    form: 'json',
    payloadBytes: 1_024,
    drive: saturate(128),
    deliveries: 60_000,
    millis: 1_500,
  }),
  deliver({
    name: 'rooms',
    title: 'rooms: 1,000 rooms of 10, emits to random rooms',
    servers: BASELINE_PAIR,
    clients: 1_000,
    audience: 'rooms',
    drive: saturate(1_024, 16),
    deliveries: 50_000,
    millis: 1_500,
  }),
  deliver({
    name: 'mixed',
    title: 'rooms: to(a).to(b).except(c) over 10,000',
    servers: BASELINE_PAIR,
    clients: 10_000,
    audience: 'mixed',
    drive: saturate(32),
    deliveries: 120_000,
    millis: 1_500,
  }),
  {
    kind: 'churn',
    name: 'churn',
    title: 'join/leave churn',
    servers: BASELINE_PAIR,
    repeat: 2,
    closeCalls: ['broadside-1'],
    clients: 2_000,
    audience: 'all',
    form: 'text',
    payloadBytes: FAN_OUT_BYTES,
    plan: { rooms: 20_000, roomsPerClient: 500, perTurn: 100, changes: 200_000 },
  },
  deliver({
    name: 'ticker',
    title: 'ticker: 500 symbols, 20,000 subscriptions, Zipf',
    servers: BASELINE_PAIR,
    clients: 2_000,
    audience: 'ticker',
    drive: saturate(256, 8),
    deliveries: 200_000,
    millis: 1_500,
  }),
  deliver({
    name: 'game',
    title: 'game: 60 Hz, 1,000 players, areas of about 30',
    servers: BASELINE_PAIR,
    clients: 1_000,
    audience: 'game',
    drive: { kind: 'pace', ticksPerSecond: 60, burst: 33 },
    deliveries: 150_000,
    millis: 2_500,
  }),
  appThread(10),
  appThread(10_000),
  growth(10, TRIO),
  growth(100, TRIO),
  growth(10_000, TRIO),
  growth(15_000, ['broadside-1', 'uws-publish']),
];

/** Every way through the bench, at sizes that take a second. */
const QUICK: Partial<Record<string, { clients: number; servers: readonly string[] }>> = {
  'fan-out': { clients: 200, servers: ['broadside-1', 'broadside-2', ...ENGINES.slice(1), 'uws-publish'] },
  'paced-50': { clients: 200, servers: ['broadside-1'] },
  connects: { clients: 500, servers: ['broadside-1'] },
  idle: { clients: 500, servers: ['broadside-1'] },
  ask: { clients: 100, servers: ['broadside-1'] },
  'binary-1k': { clients: 200, servers: ['broadside-1'] },
  mixed: { clients: 300, servers: ['broadside-1'] },
  ticker: { clients: 100, servers: ['broadside-1'] },
  churn: { clients: 100, servers: ['broadside-1'] },
};

export const QUICK_SCENARIOS: readonly Scenario[] = SCENARIOS.flatMap((scenario) => {
  const quick = QUICK[scenario.name];
  return quick === undefined ? [] : [shortened({ ...scenario, ...quick })];
});

function shortened(scenario: Scenario): Scenario {
  const common = { repeat: 1, closeCalls: [] };
  switch (scenario.kind) {
    case 'deliver':
      return {
        ...scenario,
        ...common,
        warmUps: [warmUp(scenario.drive, 150)],
        goal: { messages: 30, millis: 500 },
      };
    case 'idle':
      return { ...scenario, ...common, steadyMillis: 500 };
    case 'connect':
      return { ...scenario, ...common };
    case 'ask':
      return { ...scenario, ...common, warmUpMillis: 150, millis: 500 };
    case 'churn':
      return {
        ...scenario,
        ...common,
        plan: { ...scenario.plan, rooms: 1_000, roomsPerClient: 100, changes: 10_000 },
      };
  }
}
