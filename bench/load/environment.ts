/** Where and on what a bench ran: kept with every result, since figures without it mean nothing. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

export interface Environment {
  date: string;
  /** Short hash, with "+changes" when the working tree differs; "none" outside of a repository with commits. */
  commit: string;
  node: string;
  cpu: string;
  cores: number;
  memoryGb: number;
  system: string;
}

export function environment(): Environment {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    node: process.version,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
  };
}

function commit(): string {
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+changes');
  } catch {
    // No git, no repository, or nothing committed: a result may still be taken.
    return 'none';
  }
}

/** Takes no locks: someone may be committing meanwhile. */
function git(...args: string[]): string {
  return execFileSync('git', ['--no-optional-locks', ...args], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}
