/**
 * The same requests and frames, sent to Broadside and to the reference servers: the outcome is the same, or the
 * difference is listed with its reason. Each server is a process of its own, so that one that dies is seen.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Bystander } from './bystander.ts';
import type { Case, Kind, Outcome } from './case.ts';
import { CLOSED_HOUSES, houses } from './houses.ts';
import { runCase } from './runner.ts';
import { ServerProcess } from './server-process.ts';
import { STRAY_IDS, TABLE } from './table.ts';

type Outcomes = Readonly<Record<'broadside' | '4.x', Outcome>> & { readonly '2.x'?: Outcome };

const KINDS: readonly Kind[] = ['broadside', '4.x', '2.x'];
const document = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8');

describe('bad and odd input, compared with the reference servers', () => {
  const servers: ServerProcess[] = [];
  const bystanders = new Map<ServerProcess, Map<string, Bystander>>();
  /** Cases that wait for time-outs run beside the others. */
  const slow = new Map<string, Promise<Outcomes>>();

  before(async () => {
    servers.push(...KINDS.map((kind) => new ServerProcess(kind)));
    await Promise.all(servers.map((server) => server.ready()));
    for (const server of servers) {
      const guests = new Map<string, Bystander>();
      for (const [house] of houses) {
        if (CLOSED_HOUSES.includes(house)) continue;
        guests.set(house, await Bystander.join(server.port(house), server.kind === '2.x' ? 3 : 4));
      }
      bystanders.set(server, guests);
    }
    for (const subject of TABLE.filter((subject) => subject.slow)) {
      const outcomes = runOnAll(subject);
      outcomes.catch(() => {}); // reported by the case's own test
      slow.set(subject.id, outcomes);
    }
  });

  after(async () => {
    for (const guests of bystanders.values()) for (const bystander of guests.values()) bystander.close();
    await Promise.all(servers.map((server) => server.close()));
  });

  async function runOnAll(subject: Case): Promise<Outcomes> {
    const taking = servers.filter(({ kind }) => kind !== '2.x' || subject.revision === 3);
    const entries = await Promise.all(
      taking.map(async (server) => {
        const outcome = await runCase(subject, server);
        await bystanders
          .get(server)
          ?.get(subject.house ?? 'main')
          ?.echo();
        return [server.kind, outcome] as const;
      }),
    );
    return Object.fromEntries(entries) as Outcomes;
  }

  for (const subject of TABLE) {
    it(`${subject.name} [${subject.id}]`, async () => {
      compare(subject, await (slow.get(subject.id) ?? runOnAll(subject)));
    });
  }
});

describe('the table of cases', () => {
  it('names every case once', () => {
    assert.deepEqual(
      TABLE.map(({ id }) => id).filter((id, at, ids) => ids.indexOf(id) !== at),
      [],
    );
  });

  it('has a case for every id in the lists of outcomes', () => {
    assert.deepEqual(STRAY_IDS, []);
  });

  it('has every difference in docs/compatibility.md, and nothing there that is none', () => {
    const differing = TABLE.filter(({ differs }) => differs !== undefined).map(({ id }) => id);
    const wire = /^## Wire$(.*?)(?=^## |(?![\s\S]))/ms.exec(document)?.[1] ?? '';
    const listed = [...wire.matchAll(/`([a-z]+-[a-z0-9-]+)`/g)]
      .map(([, id]) => id)
      .filter((id) => TABLE.some((c) => c.id === id));
    assert.deepEqual([...new Set(listed)].sort(), differing.sort());
    for (const { differs } of TABLE)
      if (differs !== undefined) assert.ok(wire.includes(differs.reason), differs.reason);
  });
});

function compare({ follows, differs }: Case, { broadside, '4.x': four, '2.x': two }: Outcomes): void {
  if (two !== undefined && !isDeepStrictEqual(four, two) && differs === undefined) {
    assert.ok(
      follows !== undefined,
      `the references disagree, follows says nothing; ${shown({ broadside, '4.x': four, '2.x': two })}`,
    );
  } else {
    assert.equal(follows, undefined, 'follows is for references that disagree');
  }
  const reference = follows === '2.x' ? two : four;
  if (differs === undefined) {
    assert.deepEqual(broadside, reference);
    return;
  }
  for (const outcome of [four, two]) {
    assert.notDeepEqual(broadside, outcome, 'it is listed as a difference and is none');
  }
  assert.deepEqual(broadside, { ...reference, ...differs.broadside });
}

const shown = (outcomes: Outcomes): string => JSON.stringify(outcomes, null, 1);
