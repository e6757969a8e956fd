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

export const ROSTER: readonly Contender[] = [
  broadside(1),
  broadside(2),
  { name: BASELINE, title: 'Socket.IO 4.8, ws', file: 'socketio-ws.ts', dialect: 'socketio', env: {} },
  {
    name: 'socketio-uws',
    title: 'Socket.IO 4.8, uWebSockets.js',
    file: 'socketio-uws.ts',
    dialect: 'socketio',
    env: {},
  },
  { name: 'uws-publish', title: 'bare uWebSockets.js publish', file: 'uws-publish.ts', dialect: 'plain', env: {} },
];

/** Contenders by name, in the order of the roster; `broadside` means all of its thread counts. */
export function pick(names: readonly string[]): readonly Contender[] {
  const matches = (contender: Contender, name: string) => contender.name === name || contender.file === `${name}.ts`;
  for (const name of names) {
    if (!ROSTER.some((contender) => matches(contender, name))) {
      const known = ROSTER.map((contender) => contender.name).join(', ');
      throw new RangeError(`--servers: unknown server "${name}", expected some of ${known}`);
    }
  }
  return ROSTER.filter((contender) => names.some((name) => matches(contender, name)));
}
