/**
 * From polling to WebSocket: probes, candidates that misbehave, sessions that end meanwhile.
 */
import type { Case, Revision, Step } from '../case.ts';
import { close, text } from '../frame-bytes.ts';
import {
  alive,
  closing,
  eachRevision,
  get,
  hold,
  http,
  joinedPolling,
  pollingAlive,
  post,
  read,
  responses,
  say,
  upgrade,
} from '../steps.ts';

const both = eachRevision('upgrade', (revision) => [joinedPolling(revision)]);

const candidate = (revision: Revision, socket = 'a'): Step =>
  upgrade(socket, `/socket.io/?EIO=${revision}&transport=websocket&sid={sid}`);
const probed = (revision: Revision): Step[] => [candidate(revision), say('2probe'), read('3probe')];
const upgraded = (revision: Revision): Step[] => [...probed(revision), say('5')];
const packet = (revision: Revision, content: string): string =>
  revision === 4 ? content : `${content.length}:${content}`;
const sayTo = (socket: string, content: string): Step => ({ do: 'send', socket, bytes: text(content) });

export const UPGRADE_CASES: readonly Case[] = [
  both('good', 'an upgrade', (revision) => [...upgraded(revision), alive]),
  both('held-poll', 'an upgrade while a poll is held frees it', (revision) => [
    hold('poll', get(revision)),
    ...probed(revision),
    responses('poll'),
    say('5'),
    alive,
  ]),
  both('event-while-probed', 'an event by polling between probe and upgrade', (revision) => [
    ...probed(revision),
    http(post(revision, packet(revision, '42["a"]'))),
    say('5'),
    alive,
  ]),
  both('probe-missing', 'an upgrade packet without a probe', (revision) => [
    candidate(revision),
    say('5'),
    alive,
    pollingAlive(revision),
  ]),
  both('first-event', 'an event for a first frame', (revision) => [
    candidate(revision),
    say('42["a"]'),
    closing,
    pollingAlive(revision),
  ]),
  both('first-ping', 'a ping without the word probe for a first frame', (revision) => [
    candidate(revision),
    say('2'),
    closing,
    pollingAlive(revision),
  ]),
  both('first-garbage', 'nonsense for a first frame', (revision) => [
    candidate(revision),
    say('x'),
    closing,
    pollingAlive(revision),
  ]),
  both('first-empty', 'an empty first frame', (revision) => [
    candidate(revision),
    say(''),
    closing,
    pollingAlive(revision),
  ]),
  both('second-event', 'an event where the upgrade packet is due', (revision) => [
    ...probed(revision),
    say('42["a"]'),
    closing,
    pollingAlive(revision),
  ]),
  both('candidate-closes', 'a candidate that closes after its probe', (revision) => [
    ...probed(revision),
    { do: 'send', socket: 'a', bytes: close(1000) },
    closing,
    pollingAlive(revision),
  ]),
  both('candidate-vanishes', 'a candidate that is reset after its probe', (revision) => [
    ...probed(revision),
    { do: 'reset', socket: 'a' },
    pollingAlive(revision),
  ]),
  both(
    'candidate-silent',
    'a candidate that says nothing is closed after upgradeTimeout',
    (revision) => [candidate(revision), closing, pollingAlive(revision)],
    { house: 'hasty' },
    { house: 'hasty' },
  ),
  both(
    'candidate-probes-only',
    'a candidate that only probes is closed after upgradeTimeout',
    (revision) => [...probed(revision), closing, pollingAlive(revision)],
    { house: 'hasty' },
    { house: 'hasty' },
  ),
  both('second-candidate', 'a second candidate', (revision) => [
    ...probed(revision),
    candidate(revision, 'b'),
    { do: 'closing', socket: 'b' },
    say('5'),
    alive,
  ]),
  both('second-upgrade', 'a candidate after the upgrade', (revision) => [
    ...upgraded(revision),
    say('42["echo",0]'),
    read('42["echo",0]'),
    candidate(revision, 'b'),
    { do: 'closing', socket: 'b' },
    alive,
  ]),
  both('poll-after', 'a poll after the upgrade', (revision) => [
    ...upgraded(revision),
    say('42["echo",0]'),
    read('42["echo",0]'),
    http(get(revision)),
    alive,
  ]),
  both('post-after', 'a POST after the upgrade', (revision) => [
    ...upgraded(revision),
    say('42["echo",0]'),
    read('42["echo",0]'),
    http(post(revision, packet(revision, '42["a"]'))),
    alive,
  ]),
  both('session-closes', 'a session that closes while its candidate probes', (revision) => [
    ...probed(revision),
    http(post(revision, packet(revision, '1'))),
    closing,
  ]),
  both('after-close', 'a candidate for a session that was closed', (revision) => [
    http(post(revision, packet(revision, '1'))),
    candidate(revision),
  ]),
  both('revision-other', 'a candidate of another revision', (revision) => [
    candidate(revision === 4 ? 3 : 4),
    say('2probe'),
    read('3probe'),
    pollingAlive(revision),
  ]),
  both('revision-missing', 'a candidate without a revision', (revision) => [
    upgrade('a', '/socket.io/?transport=websocket&sid={sid}'),
    say('2probe'),
    read('3probe'),
    pollingAlive(revision),
  ]),
  both('transport-polling', 'a candidate that names the transport polling', (revision) => [
    upgrade('a', `/socket.io/?EIO=${revision}&transport=polling&sid={sid}`),
    closing,
    pollingAlive(revision),
  ]),
  both(
    'polling-only',
    'a candidate where only polling is served',
    (revision) => [candidate(revision), pollingAlive(revision)],
    {
      house: 'pollingOnly',
    },
    { house: 'pollingOnly' },
  ),
  both('upgrade-twice', 'two upgrade packets', (revision) => [...upgraded(revision), say('5'), alive]),
  both('probe-after', 'a probe after the upgrade', (revision) => [...upgraded(revision), sayTo('a', '2probe'), alive]),
].flat();
