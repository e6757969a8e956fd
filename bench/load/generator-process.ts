/**
 * The load generator as the orchestrator sees it: a C++ program in generator/, compiled when its sources are newer than
 * it, and told in lines of words and numbers what to do.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Audience } from './audience.ts';
import type { GeneratorCommand, GeneratorReport, Timing, Workload } from './messages.ts';
import { QUESTION_NAME, wireForm } from './payload.ts';
import { PeerProcess, spawnPeer } from './peer-process.ts';

const SOURCES = fileURLToPath(new URL('generator/', import.meta.url));
const PROGRAMS = fileURLToPath(new URL('generator/build/', import.meta.url));
const FLAGS = ['-std=c++17', '-O2', '-Wall', '-Wextra'];

/**
 * The path of a program of generator/, compiled if need be by `CXX` or g++.
 *
 * @param name of its source, without the ending
 * @throws Error with the compiler's words
 */
export function compiled(name: 'generator' | 'stream-probe'): string {
  const program = `${PROGRAMS}${name}`;
  const changed = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(SOURCES).filter((file) => /\.(h|cc)$/.test(file));
  if (sources.every((file) => changed(SOURCES + file) < changed(program))) return program;

  mkdirSync(PROGRAMS, { recursive: true });
  const compiler = process.env.CXX ?? 'g++';
  const fresh = `${program}-${process.pid}`;
  const { error, status, stderr } = spawnSync(compiler, [...FLAGS, '-o', fresh, `${SOURCES}${name}.cc`], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${compiler} cannot compile the load generator: ${error?.message ?? stderr}`);
  renameSync(fresh, program); // whole at once: others may be starting it
  return program;
}

/** Starts it, without connections yet. */
export function startGenerator(): PeerProcess<GeneratorCommand, GeneratorReport> {
  return new PeerProcess('generator', spawnPeer(compiled('generator'), lineOf));
}

function lineOf(command: GeneratorCommand): string {
  switch (command.kind) {
    case 'connect':
      return `connect ${command.port} ${command.dialect} ${streamWords(command.workload, command.timing)}`;
    case 'ask':
      return `ask ${command.millis} ${QUESTION_NAME}`;
    case 'finish':
      return `finish ${counted(command.counts)}`;
    default:
      return command.kind;
  }
}

/** What clients must see of a workload, and how arrivals are timed: as generator/commands.h reads it. */
export function streamWords({ audience: kind, clients, form, payloadBytes }: Workload, timing: Timing): string {
  const { sizes, groups, groupsOf } = new Audience(kind, clients);
  const { firstByte, eventBytes, fieldsOffset, announcementBytes } = wireForm(form, payloadBytes);
  const receivers = timing === 'last' ? sizes[0] : 0;
  const wire = [firstByte, eventBytes, fieldsOffset, announcementBytes];
  return [receivers, ...wire, groups, counted(groupsOf.map(counted))].join(' ');
}

/** A list with its length before it. */
export function counted(values: readonly (number | string)[]): string {
  return [values.length, ...values].join(' ');
}
