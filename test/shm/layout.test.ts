/** The layout table: spacing, agreement with the offset functions, and its printed page. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { EngineError } from '../../core/errors.ts';
import { Control, counterIndex } from '../../core/shm/control.ts';
import {
  ACCEPTOR_THREAD,
  APP_THREAD,
  appsOffset,
  beatOffset,
  CACHE_LINE_BYTES,
  CONTROL_BYTES,
  CONTROL_HEADER_OFFSET,
  CONTROL_STOP_OFFSET,
  COORDINATOR_THREAD,
  COUNTER_NAMES,
  countersOffset,
  doorbellOffset,
  FIRST_IO_THREAD,
  LOG_TAIL_OFFSET,
  logCursorOffset,
  MAX_IO_THREADS,
  MAX_THREADS,
  noticeOffset,
  REGION_CONTROL,
  REGIONS,
  stateOffset,
  threadName,
} from '../../core/shm/layout.ts';
import { renderMemory } from '../../docs/print-memory.ts';

describe('shared memory layout', () => {
  it('gives every independently written word a pair of cache lines of its own', () => {
    for (const { name, fields } of REGIONS) {
      let end = 0;
      for (const field of fields) {
        assert.equal(field.offset % (2 * CACHE_LINE_BYTES), 0, `${name}: ${field.name}`);
        assert.ok(field.offset >= end, `${name}: ${field.name} overlaps its neighbour`);
        end = field.offset + field.words * 4;
      }
    }
  });

  it('finds each field of the table where the offset functions say', () => {
    const control = REGIONS[2].fields;
    const offsetOf = (name: string) => control.find((field) => field.name === name)?.offset;
    for (let thread = 0; thread < MAX_THREADS; thread++) {
      const of = `of ${threadName(thread)}`;
      assert.equal(offsetOf(`state ${of}`), stateOffset(thread));
      assert.equal(offsetOf(`open apps ${of}`), appsOffset(thread));
      assert.equal(offsetOf(`doorbell ${of}`), doorbellOffset(thread));
      assert.equal(offsetOf(`notices posted ${of}`), noticeOffset(thread));
      assert.equal(offsetOf(`beat ${of}`), beatOffset(thread));
      assert.equal(offsetOf(`counters ${of}`), countersOffset(thread));
    }
    for (let reader = 0; reader < MAX_IO_THREADS; reader++) {
      const field = REGIONS[1].fields.find(({ name }) => name === `cursor of I/O thread ${reader}`);
      assert.equal(field?.offset, logCursorOffset(reader));
    }
    assert.equal(REGIONS[1].fields[1].offset, LOG_TAIL_OFFSET);
    assert.equal(offsetOf('stop request'), CONTROL_STOP_OFFSET);
    assert.ok(countersOffset(MAX_THREADS - 1) + COUNTER_NAMES.length * 4 <= CONTROL_BYTES);
  });

  it('names every thread', () => {
    const names = [APP_THREAD, COORDINATOR_THREAD, ACCEPTOR_THREAD, FIRST_IO_THREAD, MAX_THREADS - 1].map(threadName);
    assert.deepEqual(names, ['app', 'coordinator', 'acceptor', 'I/O thread 0', `I/O thread ${MAX_IO_THREADS - 1}`]);
  });

  it('keeps the words of threads apart in the control region', () => {
    const control = new Control(Control.create(2), 2);
    for (let thread = 0; thread < MAX_THREADS; thread++) {
      control.setState(thread, thread + 1);
      control.setApps(thread, thread + 20);
      for (let n = 0; n <= thread; n++) control.beat(thread);
      for (let n = 0; n <= thread + 3; n++) control.notice(thread);
      control.counters(thread)[counterIndex('batches')] = thread + 40;
    }
    for (let thread = 0; thread < MAX_THREADS; thread++) {
      assert.equal(control.state(thread), thread + 1);
      assert.equal(control.apps(thread), thread + 20);
      assert.equal(control.beats(thread), thread + 1);
      assert.equal(control.notices(thread), thread + 4);
      assert.equal(control.counters(thread)[counterIndex('batches')], thread + 40);
    }
  });

  it('refuses a control region that differs in any field of its header', () => {
    for (const [field, value] of [
      [0, 1],
      [1, 2],
      [2, REGION_CONTROL + 1],
      [3, 3],
    ]) {
      const memory = Control.create(2);
      new Int32Array(memory)[(CONTROL_HEADER_OFFSET >> 2) + field] = value;
      const attach = () => new Control(memory, 2);
      assert.throws(attach, (error) => error instanceof EngineError && error.code === 'ERR_LAYOUT_MISMATCH');
    }
  });

  it('is printed in docs/memory.md', () => {
    assert.equal(readFileSync(new URL('../../docs/memory.md', import.meta.url), 'utf8'), renderMemory());
  });
});
