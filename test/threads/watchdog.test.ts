/**
 * The watchdog, looking at the words of threads that do not exist; every look is a call of the test.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Watchdog } from '../../core/agents/watchdog.ts';
import type { EngineError } from '../../core/errors.ts';
import {
  Control,
  STATE_ATTACHING,
  STATE_BURIED,
  STATE_CLOSED,
  STATE_DOWN,
  STATE_RUNNING,
  STATE_STARTING,
} from '../../core/shm/control.ts';
import { ACCEPTOR_THREAD, COORDINATOR_THREAD, FIRST_IO_THREAD } from '../../core/shm/layout.ts';

const IO_THREADS = 2;
const ALL = [COORDINATOR_THREAD, ACCEPTOR_THREAD, FIRST_IO_THREAD, FIRST_IO_THREAD + 1];
/** Looks in a row without a beat that make a thread hung. */
const LOOKS = 5;

/** Threads that all run, and a watchdog that looks when the test says so. */
function watch(): { control: Control; look: (beating: readonly number[], times: number) => void; hung: EngineError[] } {
  const control = new Control(Control.create(IO_THREADS), IO_THREADS);
  for (const thread of ALL) control.setState(thread, STATE_RUNNING);
  const hung: EngineError[] = [];
  const watchdog = new Watchdog(control, IO_THREADS, (error) => hung.push(error));
  const look = (beating: readonly number[], times: number): void => {
    for (let i = 0; i < times; i++) {
      for (const thread of beating) control.beat(thread);
      watchdog.look();
    }
  };
  look(ALL, 1);
  watchdog.stop(); // its timer; the test looks
  return { control, look, hung };
}

describe('the watchdog', () => {
  for (const [thread, name] of [
    [COORDINATOR_THREAD, 'coordinator'],
    [ACCEPTOR_THREAD, 'acceptor'],
    [FIRST_IO_THREAD, 'I/O thread 0'],
    [FIRST_IO_THREAD + 1, 'I/O thread 1'],
  ] as const) {
    it(`reports a thread that does not beat for ${LOOKS} looks, once: ${name}`, () => {
      const { look, hung } = watch();
      const others = ALL.filter((other) => other !== thread);
      look(others, LOOKS - 1);
      assert.equal(hung.length, 0);
      look(others, 1);
      look(others, 3 * LOOKS);
      const expected = `${name} has not turned its loop for 10 s, expected every second`;
      assert.deepEqual(
        hung.map(({ code, message }) => [code, message]),
        [['ERR_THREAD_HUNG', expected]],
      );
    });
  }

  it('counts from the last beat', () => {
    const { look, hung } = watch();
    for (let i = 0; i < 3; i++) {
      look([], LOOKS - 1);
      look(ALL, 1);
    }
    assert.deepEqual(hung, []);
  });

  for (const [state, name] of [
    [STATE_STARTING, 'starts'],
    [STATE_ATTACHING, 'waits for its place in the log'],
    [STATE_DOWN, 'is down'],
    [STATE_BURIED, 'is buried'],
    [STATE_CLOSED, 'has closed'],
  ] as const) {
    it(`accuses no thread that ${name}`, () => {
      const { control, look, hung } = watch();
      control.setState(FIRST_IO_THREAD, state);
      look(
        ALL.filter((thread) => thread !== FIRST_IO_THREAD),
        3 * LOOKS,
      );
      assert.deepEqual(hung, []);
    });
  }

  it('watches a restarted thread from its first look on', () => {
    const { control, look, hung } = watch();
    const others = ALL.filter((thread) => thread !== FIRST_IO_THREAD);
    look(others, LOOKS - 1);
    control.setState(FIRST_IO_THREAD, STATE_DOWN);
    look(others, 1);
    control.setState(FIRST_IO_THREAD, STATE_RUNNING);
    look(others, LOOKS - 1);
    assert.deepEqual(hung, []);
    look(others, 1);
    assert.equal(hung.length, 1);
  });
});
