/**
 * The command line of run.ts, checked. `--quick` only changes defaults: any size given beside it wins.
 */
import { parseArgs } from 'node:util';
import { MIN_PAYLOAD_BYTES } from './payload.ts';
import { type Contender, pick, ROSTER } from './roster.ts';
import { type FanOutSize, fanOut, type Scenario } from './scenario.ts';

export interface BenchOptions {
  readonly contenders: readonly Contender[];
  readonly repeat: number;
  readonly quick: boolean;
  readonly scenario: Scenario;
}

const FULL: FanOutSize & { repeat: number } = {
  clients: 1_000,
  payloadBytes: 100,
  perTurn: 1,
  window: 256,
  deliveries: 1_000_000,
  millis: 2_000,
  repeat: 3,
};
const QUICK = { ...FULL, clients: 200, deliveries: 100_000, millis: 1_000, repeat: 1 };

/** Below what a process may open here, with room for the rest of the process. */
const MAX_CLIENTS = 19_000;

export const USAGE = `node --import tsx bench/load/run.ts [options]
  --servers a,b    some of ${ROSTER.map((contender) => contender.name).join(', ')}; broadside for both of its
  --clients n      connections (default ${FULL.clients}; quick ${QUICK.clients})
  --messages n     emits per run, at least (default: ${FULL.deliveries} deliveries; quick ${QUICK.deliveries})
  --seconds n      length of a run, at least (default ${FULL.millis / 1e3}; quick ${QUICK.millis / 1e3})
  --repeat n       runs per server, interleaved (default ${FULL.repeat}; quick ${QUICK.repeat})
  --per-turn n     emits per turn of the event loop (default ${FULL.perTurn})
  --window n       in-flight bound in messages (default ${FULL.window})
  --bytes n        length of the text (default ${FULL.payloadBytes}, at least ${MIN_PAYLOAD_BYTES})
  --quick          the short variant`;

/** Throws a RangeError or a TypeError that names option, value and what is allowed. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      servers: { type: 'string' },
      clients: { type: 'string' },
      messages: { type: 'string' },
      seconds: { type: 'string' },
      repeat: { type: 'string' },
      'per-turn': { type: 'string' },
      window: { type: 'string' },
      bytes: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  });
  const base = values.quick ? QUICK : FULL;
  const whole = (
    name: Exclude<keyof typeof values, 'servers' | 'quick'>,
    fallback: number,
    min: number,
    max: number,
  ) => {
    const given = values[name];
    const value = given === undefined ? fallback : Number(given);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new RangeError(`--${name}: got "${given}", expected a whole number from ${min} to ${max}`);
    }
    return value;
  };

  const clients = whole('clients', base.clients, 1, MAX_CLIENTS);
  const messages = whole('messages', Math.ceil(base.deliveries / clients), 1, 100_000_000);
  return {
    contenders: values.servers === undefined ? ROSTER : pick(values.servers.split(',')),
    repeat: whole('repeat', base.repeat, 1, 100),
    quick: values.quick,
    scenario: fanOut({
      clients,
      deliveries: messages * clients,
      millis: whole('seconds', base.millis / 1e3, 0, 600) * 1e3,
      perTurn: whole('per-turn', base.perTurn, 1, 100_000),
      window: whole('window', base.window, 1, 1_000_000),
      payloadBytes: whole('bytes', base.payloadBytes, MIN_PAYLOAD_BYTES, 1_000_000),
    }),
  };
}
