/**
 * Every order in which the steps of a few actors can be interleaved, for tests of shared memory on one thread.
 * Claim, fill, commit, next and free are separate calls, so an order of calls is an order of what the other side sees.
 */

/**
 * Yields each interleaving as a list of actor numbers; actor `a` occurs `steps[a]` times in each.
 * The list is reused between yields: copy it to keep it.
 */
export function* interleavings(steps: readonly number[]): Generator<readonly number[]> {
  const left = [...steps];
  const order = new Array<number>(left.reduce((sum, count) => sum + count, 0));
  yield* extend(left, order, 0);
}

function* extend(left: number[], order: number[], at: number): Generator<readonly number[]> {
  if (at === order.length) {
    yield order;
    return;
  }
  for (let actor = 0; actor < left.length; actor++) {
    if (left[actor] === 0) continue;
    left[actor]--;
    order[at] = actor;
    yield* extend(left, order, at + 1);
    left[actor]++;
  }
}

/** How many interleavings there are: the multinomial coefficient. */
export function countInterleavings(steps: readonly number[]): number {
  let total = 0;
  let count = 1;
  for (const own of steps) {
    for (let i = 1; i <= own; i++) {
      total++;
      count = (count * total) / i;
    }
  }
  return count;
}
