/**
 * Every public element says what it is, what has to be given, and where it comes from: the rules of docs/contributing.md.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { type PublicElement, publicElements } from './support/public-api.ts';

const SOURCE = /@since (?:Socket\.IO [234](?:\.\d)?|Broadside)(?: \*\/|$)/m;
/** Interfaces whose members come from here and there, so that each says it for itself. */
const MIXED: ReadonlySet<string> = new Set(['GivenOptions', 'ServerOptions', 'RecoveryOptions']);

describe('public docstrings', () => {
  let elements: readonly PublicElement[];
  const wrong = (isRight: (element: PublicElement) => boolean): string[] =>
    elements.filter((element) => !isRight(element)).map(({ path, name }) => `${path} ${name}`);

  before(() => {
    elements = publicElements();
  });

  it('are looked for where applications can reach', () => {
    const names = new Set(elements.map(({ name }) => name));
    const some = ['Socket.emit', 'Client.close', 'Conn.write', 'EngineHost.generateId', 'BroadcastOperator.to'];
    const others = ['TuningOptions.ioThreads', 'Adapter.addAll', 'RemoteSocket.join', 'ServerSettings.path', 'Server'];
    for (const name of [...some, ...others]) assert.ok(names.has(name), `${name} is not among them`);
    for (const name of ['Socket.finish', 'Socket.#send', 'Link.send'])
      assert.ok(!names.has(name), `${name} is internal`);
  });

  it('are there', () => {
    const text = (doc: string): string => doc.replace(/@\w+.*/g, '').replace(/[/*\s]/g, '');
    assert.deepEqual(
      wrong(({ doc }) => text(doc) !== ''),
      [],
    );
  });

  it('name every parameter', () => {
    const missing = elements.flatMap(({ path, name, doc, parameters }) =>
      parameters.filter((parameter) => !doc.includes(`@param ${parameter} `)).map((it) => `${path} ${name}: ${it}`),
    );
    assert.deepEqual(missing, []);
  });

  it('name the source; members of an interface share its own', () => {
    const shared = new Set(
      elements.filter(({ isInterface, doc }) => isInterface && SOURCE.test(doc)).map(({ name }) => name),
    );
    assert.deepEqual(
      wrong(({ name, doc }) => {
        const [owner] = name.split('.');
        return SOURCE.test(doc) || (name !== owner && shared.has(owner) && !MIXED.has(owner));
      }),
      [],
    );
  });

  it('of options say the default', () => {
    const options = elements.filter(({ name }) =>
      /^(?:GivenOptions|ServerOptions|RecoveryOptions|TuningOptions)\./.test(name),
    );
    assert.ok(options.length > 40);
    assert.deepEqual(
      options.filter(({ doc }) => !/@default \S/.test(doc)).map(({ name }) => name),
      [],
    );
  });
});
