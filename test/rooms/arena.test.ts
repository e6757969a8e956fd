import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WordArena } from '../../core/shm/arena.ts';
import { Random } from '../support/random.ts';

/** Bytes of a block with its rounding: powers of two from 16 bytes on. */
function roundedBytes(words: number): number {
  let bytes = 16;
  while (bytes < words * 4) bytes *= 2;
  return bytes;
}

/** The words of a block. */
function view(arena: WordArena, block: number, words: number): Uint32Array {
  return arena.memory(block).subarray(arena.start(block), arena.start(block) + words);
}

test('a block has the length asked for, is shared memory and zero', () => {
  const arena = new WordArena();
  for (const words of [1, 2, 3, 4, 5, 31, 32, 33, 3125, 4096, 300_000]) {
    const block = view(arena, arena.allocate(words), words);
    assert.equal(block.length, words);
    assert.ok(block.buffer instanceof SharedArrayBuffer);
    assert.ok(block.every((word) => word === 0));
  }
});

test('a freed block serves the next request of its class, zeroed, whatever its exact length', () => {
  const arena = new WordArena();
  const first = arena.allocate(100);
  view(arena, first, 128).fill(0xffffffff);
  arena.free(first, 100);
  const second = arena.allocate(128);
  assert.equal(second, first);
  assert.ok(view(arena, second, 128).every((word) => word === 0));
  view(arena, second, 128).fill(0xffffffff);
  arena.free(second, 128);
  const third = arena.allocate(65);
  assert.equal(third, first);
  assert.ok(view(arena, third, 65).every((word) => word === 0));
});

test('bytes in use follow the classes and bytes reserved are those of whole chunks', () => {
  const arena = new WordArena(1024);
  assert.equal(arena.bytesReserved, 0);
  const small = arena.allocate(5);
  assert.equal(arena.bytesInUse, 32);
  assert.equal(arena.bytesReserved, 1024);
  const large = arena.allocate(1000);
  assert.equal(arena.bytesInUse, 32 + 4096);
  assert.equal(arena.bytesReserved, 1024 + 4096);
  arena.free(small, 5);
  arena.free(large, 1000);
  assert.equal(arena.bytesInUse, 0);
  assert.equal(arena.bytesReserved, 1024 + 4096);
});

test('what a full chunk has left is used before another chunk is taken', () => {
  const arena = new WordArena(256);
  arena.allocate(4);
  arena.allocate(64);
  assert.equal(arena.bytesReserved, 512);
  for (const words of [32, 16, 8, 4]) arena.allocate(words);
  assert.equal(arena.bytesReserved, 512);
});

test('blocks in use never overlap and keep their content, for any order of allocate and free', () => {
  const random = new Random();
  const arena = new WordArena(4096);
  const live: { number: number; block: Uint32Array; mark: number }[] = [];
  let inUse = 0;
  let highWater = 0;
  for (let step = 1; step <= 20_000; step++) {
    if (live.length < 50 || random.chance(0.5)) {
      const words = random.chance(0.02) ? random.between(1000, 3000) : random.between(1, 80);
      const number = arena.allocate(words);
      const block = view(arena, number, words);
      assert.ok(
        block.every((word) => word === 0),
        `step ${step}: a new block is zero`,
      );
      live.push({ number, block: block.fill(step), mark: step });
      inUse += roundedBytes(words);
    } else {
      const at = random.below(live.length);
      const { number, block, mark } = live[at];
      assert.ok(
        block.every((word) => word === mark),
        `step ${step}: the block of step ${mark} is intact`,
      );
      arena.free(number, block.length);
      inUse -= roundedBytes(block.length);
      live[at] = live[live.length - 1];
      live.pop();
    }
    highWater = Math.max(highWater, inUse);
    assert.equal(arena.bytesInUse, inUse);
  }
  for (const { block, mark } of live) assert.ok(block.every((word) => word === mark));
  assert.ok(arena.bytesReserved >= highWater);
});
