/**
 * A child process of the bench and the conversation with it. Orchestrator only. Whatever happens, no child outlives
 * the orchestrator: each also ends by itself when its channel closes.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const living = new Set<ChildProcess>();

/** Ends every child at once, without asking. */
export function killAll(): void {
  for (const child of living) child.kill('SIGKILL');
}

process.on('exit', killAll);

/** A child that was told to stop is killed after this. */
const STOP_MILLIS = 5_000;
/** What `stop` tells of a child that ended as it should. */
export const CLEAN_EXIT = 'exit code 0';
/** Of what a child wrote to stderr, this much is kept to explain its end. */
const STDERR_CHARS = 8_192;

/** A child and the way to talk with it. */
export interface Peer<Command, Report> {
  readonly child: ChildProcess;
  /** Does nothing once the channel has closed. */
  write(command: Command): void;
  /** To be called once. */
  listen(onReport: (report: Report) => void): void;
}

export interface NodePeerStart {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Options of Node itself. */
  readonly nodeArgs: readonly string[];
}

/** A process of Node that runs `file`; messages over an IPC channel. */
export function forkPeer<Command extends object, Report>(
  file: URL,
  { args, env, nodeArgs }: NodePeerStart,
): Peer<Command, Report> {
  const child = fork(file, [...args], {
    execArgv: ['--import', 'tsx', '--expose-gc', ...nodeArgs],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  return {
    child,
    // The callback takes the error of a channel that has just closed; the child's end is reported by `close`.
    write: (command) => child.connected && child.send(command, () => {}),
    listen: (onReport) => child.on('message', (report) => onReport(report as Report)),
  };
}

/**
 * A native program; commands are lines on its stdin, reports JSON lines on its stdout.
 *
 * @param program path
 * @param encode a command as one line
 */
export function spawnPeer<Command, Report>(
  program: string,
  encode: (command: Command) => string,
): Peer<Command, Report> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {}); // a pipe that has just closed; the child's end is reported by `close`
  return {
    child,
    write: (command) => child.stdin.writable && child.stdin.write(`${encode(command)}\n`),
    listen: (onReport) =>
      createInterface({ input: child.stdout }).on('line', (line) => onReport(JSON.parse(line) as Report)),
  };
}

interface Waiter {
  kind: string;
  resolve(report: unknown): void;
  reject(error: Error): void;
}

export class PeerProcess<Command extends { kind: string }, Report extends { kind: string }> {
  readonly #name: string;
  readonly #peer: Peer<Command, Report>;
  readonly #exited: Promise<string>;
  readonly #waiters = new Set<Waiter>();
  readonly #listeners = new Map<string, (report: Report) => void>();
  /** Rejects at the first failure: the child's own report of one, or its end. */
  readonly failure: Promise<never>;
  #reject: (error: Error) => void = () => {};
  #stderr = '';
  #cause: Error | undefined;

  constructor(name: string, peer: Peer<Command, Report>) {
    this.#name = name;
    this.#peer = peer;
    this.failure = new Promise((_, reject) => {
      this.#reject = reject;
    });
    // Every child ends some time; only those who await it care.
    this.failure.catch(() => {});
    const { child } = peer;
    living.add(child);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS);
    });
    peer.listen((report) => this.#onReport(report));
    child.on('error', (error) => this.#fail(error.message));
    this.#exited = new Promise((resolve) => {
      // `close` comes after stderr has been read to its end, `exit` may come before.
      child.on('close', (code, signal) => {
        living.delete(child);
        const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
        this.#fail(`ended with ${how}: ${lastError(this.#stderr)}`);
        resolve(how);
      });
    });
  }

  send(command: Command): void {
    this.#peer.write(command);
  }

  /** Calls back for each report of a kind; one listener per kind. */
  on<Kind extends Report['kind']>(kind: Kind, listener: (report: Extract<Report, { kind: Kind }>) => void): void {
    this.#listeners.set(kind, listener as (report: Report) => void);
  }

  /** The next report of a kind. Rejects when the child fails, ends, or says nothing for `millis`. */
  next<Kind extends Report['kind']>(kind: Kind, millis: number): Promise<Extract<Report, { kind: Kind }>> {
    if (this.#cause !== undefined) return Promise.reject(this.#cause);
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        settle();
      };
      const timer = setTimeout(() => {
        done(() => reject(new Error(`${this.#name}: no "${kind}" within ${millis / 1e3} s`)));
      }, millis);
      const waiter: Waiter = {
        kind,
        resolve: (report) => done(() => resolve(report as Extract<Report, { kind: Kind }>)),
        reject: (error) => done(() => reject(error)),
      };
      this.#waiters.add(waiter);
    });
  }

  /** Asks the child to end, kills it if it does not; tells how it ended. */
  async stop(command: Command): Promise<string> {
    this.send(command);
    const timer = setTimeout(() => this.#peer.child.kill('SIGKILL'), STOP_MILLIS);
    const how = await this.#exited;
    clearTimeout(timer);
    return how;
  }

  #onReport(report: Report): void {
    if (report.kind === 'failed') {
      this.#fail((report as unknown as { message: string }).message);
      return;
    }
    this.#listeners.get(report.kind)?.(report);
    for (const waiter of this.#waiters) if (waiter.kind === report.kind) waiter.resolve(report);
  }

  /** The first failure is the cause; what follows from it is not kept. */
  #fail(message: string): void {
    this.#cause ??= new Error(`${this.#name}: ${message}`);
    this.#reject(this.#cause);
    for (const waiter of this.#waiters) waiter.reject(this.#cause);
  }
}

function lastError(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? 'nothing on stderr';
}
