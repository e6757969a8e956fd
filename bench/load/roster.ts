/**
 * Who takes part: one line per server, in the order of the table. Orchestrator only.
 */
import type { Dialect } from './messages.ts';

export interface Contender {
  /** Name for `--servers`, unique. */
  readonly name: string;
  /** Heading in the table. */
  readonly title: string;
  /** File in servers/. */
  readonly file: string;
  readonly dialect: Dialect;
  readonly env: Readonly<Record<string, string>>;
}

function broadside(ioThreads: number): Contender {
  return {
    name: `broadside-${ioThreads}`,
    title: `Broadside, ${ioThreads} I/O thread${ioThreads === 1 ? '' : 's'}`,
    file: 'broadside.ts',
    dialect: 'socketio',
    env: { BROADSIDE_IO_THREADS: String(ioThreads) },
  };
}

/** The one the others are measured against. */
export const BASELINE = 'socketio-ws';

function peer(name: string, title: string, dialect: Dialect): Contender {
  return { name, title, file: `${name}.ts`, dialect, env: {} };
}

export const ROSTER: readonly Contender[] = [
  broadside(1),
  broadside(2),
  broadside(4),
  peer(BASELINE, 'Socket.IO 4.8, ws', 'socketio'),
  peer('socketio-uws', 'Socket.IO 4.8, uWebSockets.js', 'socketio'),
  peer('socketio-2', 'Socket.IO 2.5', 'socketio-2'),
  peer('uws-publish', 'bare uWebSockets.js publish', 'plain'),
  peer('ws-loop', 'bare ws', 'plain'),
  peer('raw-writes', 'a loop of write(2)', 'plain'),
];

export function contender(name: string): Contender {
  const found = ROSTER.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`no contender is called ${name}`);
  return found;
}

/** Names as given on the command line, checked; `broadside` means all of its thread counts. */
export function pick(names: readonly string[]): readonly string[] {
  const matches = (one: Contender, name: string) => one.name === name || one.file === `${name}.ts`;
  for (const name of names) {
    if (!ROSTER.some((one) => matches(one, name))) {
      const known = ROSTER.map((one) => one.name).join(', ');
      throw new RangeError(`--servers: unknown server "${name}", expected some of ${known}`);
    }
  }
  return ROSTER.filter((one) => names.some((name) => matches(one, name))).map((one) => one.name);
}
