import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Audience, type AudienceKind } from './audience.ts';

const KINDS: [kind: AudienceKind, clients: number][] = [
  ['all', 50],
  ['rooms', 200],
  ['mixed', 300],
  ['ticker', 100],
  ['game', 300],
];

for (const [kind, clients] of KINDS) {
  test(`${kind}: the rooms clients join give each group exactly its members`, () => {
    const audience = new Audience(kind, clients);
    for (const [group, { to, except }] of audience.addresses.entries()) {
      const reached = audience.rooms.flatMap((rooms, client) => {
        const addressed = to.length === 0 || to.some((room) => rooms.includes(room));
        return addressed && !except.some((room) => rooms.includes(room)) ? [client] : [];
      });
      const members = audience.groupsOf.flatMap((groups, client) => (groups.includes(group) ? [client] : []));
      assert.deepEqual(reached, members, `group ${group}`);
      assert.equal(audience.sizes[group], members.length);
    }
  });

  test(`${kind}: every emit goes to a group there is, the same one each time`, () => {
    const [one, other] = [new Audience(kind, clients), new Audience(kind, clients)];
    for (let emit = 1; emit <= 1_000; emit++) {
      assert.ok(one.pick(emit) >= 0 && one.pick(emit) < one.groups);
      assert.equal(one.pick(emit), other.pick(emit));
    }
  });
}
