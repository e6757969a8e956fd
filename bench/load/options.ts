/**
 * The command line of run.ts, checked. Throws before anything is started.
 */
import { parseArgs } from 'node:util';
import { FIELDS_BYTES } from './payload.ts';
import { pick, ROSTER } from './roster.ts';
import type { Scenario } from './scenario.ts';
import { QUICK_SCENARIOS, SCENARIOS } from './scenarios.ts';

export interface BenchOptions {
  readonly scenarios: readonly Scenario[];
  /** Repetitions beyond the first are left out when they would not end within so many minutes. */
  readonly minutes: number;
  readonly resultName: string;
  /** Options of Node for the servers. */
  readonly nodeArgs: readonly string[];
}

/** Below what a process may open here, with room for the rest of the process. */
const MAX_CLIENTS = 19_000;
const MINUTES = 9.5;
const QUICK_MINUTES = 1.4;

export const USAGE = `node --import tsx bench/load/run.ts [options]
  --quick          every way through the bench at small sizes
  --scenarios a,b  some of ${SCENARIOS.map((scenario) => scenario.name).join(', ')}
  --servers a,b    some of ${ROSTER.map((contender) => contender.name).join(', ')}; broadside for all of its;
                   also those that a scenario has not in its own list
  --repeat n       runs per server, interleaved
  --minutes n      repetitions that do not fit are left out (default ${MINUTES}; quick ${QUICK_MINUTES})
  --clients n      connections
  --seconds n      length of a run, at least
  --per-turn n     emits per turn of the event loop, where it is saturated
  --window n       in-flight bound in messages, where it is saturated
  --bytes n        length of the payload, at least ${FIELDS_BYTES}
  --profile dir    CPU profiles of every thread of the servers go to that folder
  --output name    results go to bench/results/name.json (default latest; quick quick)`;

/** Throws a RangeError or a TypeError that names option, value and what is allowed. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      scenarios: { type: 'string' },
      servers: { type: 'string' },
      repeat: { type: 'string' },
      minutes: { type: 'string' },
      clients: { type: 'string' },
      seconds: { type: 'string' },
      'per-turn': { type: 'string' },
      window: { type: 'string' },
      bytes: { type: 'string' },
      profile: { type: 'string' },
      output: { type: 'string' },
    },
  });
  const whole = (
    name: 'repeat' | 'clients' | 'seconds' | 'per-turn' | 'window' | 'bytes',
    min: number,
    max: number,
  ) => {
    const given = values[name];
    if (given === undefined) return undefined;
    const value = Number(given);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new RangeError(`--${name}: got "${given}", expected a whole number from ${min} to ${max}`);
    }
    return value;
  };

  const minutes = Number(values.minutes ?? (values.quick ? QUICK_MINUTES : MINUTES));
  if (!(minutes > 0)) throw new RangeError(`--minutes: got "${values.minutes}", expected a number above 0`);
  const output = values.output ?? (values.quick ? 'quick' : 'latest');
  if (!/^[\w-]+$/.test(output)) throw new RangeError(`--output: got "${output}", expected a plain name`);
  const changes: Changes = {
    servers: values.servers === undefined ? undefined : pick(values.servers.split(',')),
    repeat: whole('repeat', 1, 100),
    clients: whole('clients', 1, MAX_CLIENTS),
    seconds: whole('seconds', 0, 600),
    perTurn: whole('per-turn', 1, 100_000),
    window: whole('window', 1, 1_000_000),
    bytes: whole('bytes', FIELDS_BYTES, 1_000_000),
  };
  const chosen = choose(values.quick ? QUICK_SCENARIOS : SCENARIOS, values.scenarios);
  return {
    scenarios: chosen.map((scenario) => changed(scenario, changes)),
    minutes,
    resultName: output,
    nodeArgs: values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`],
  };
}

interface Changes {
  servers: readonly string[] | undefined;
  repeat: number | undefined;
  clients: number | undefined;
  seconds: number | undefined;
  perTurn: number | undefined;
  window: number | undefined;
  bytes: number | undefined;
}

function choose(scenarios: readonly Scenario[], names: string | undefined): readonly Scenario[] {
  if (names === undefined) return scenarios;
  const wanted = names.split(',');
  for (const name of wanted) {
    if (!scenarios.some((scenario) => scenario.name === name)) {
      const known = scenarios.map((scenario) => scenario.name).join(', ');
      throw new RangeError(`--scenarios: unknown scenario "${name}", expected some of ${known}`);
    }
  }
  return scenarios.filter((scenario) => wanted.includes(scenario.name));
}

function changed(scenario: Scenario, changes: Changes): Scenario {
  const common = {
    servers: changes.servers ?? scenario.servers,
    repeat: changes.repeat ?? scenario.repeat,
    closeCalls: changes.repeat === undefined ? scenario.closeCalls : [], // so many, and no more
    clients: changes.clients ?? scenario.clients,
    payloadBytes: changes.bytes ?? scenario.payloadBytes,
  };
  const millis = changes.seconds === undefined ? undefined : changes.seconds * 1e3;
  if (scenario.kind === 'ask') return { ...scenario, ...common, millis: millis ?? scenario.millis };
  if (scenario.kind !== 'deliver') return { ...scenario, ...common };
  const { drive, goal } = scenario;
  return {
    ...scenario,
    ...common,
    goal: { ...goal, millis: millis ?? goal.millis },
    drive:
      drive.kind === 'pace'
        ? drive
        : { ...drive, perTurn: changes.perTurn ?? drive.perTurn, window: changes.window ?? drive.window },
  };
}
