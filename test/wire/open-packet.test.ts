/** The text of the open packet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeOpenPacket } from '../../core/wire/open-packet.ts';

test('the open packet keeps the order of its keys, whatever the order of the arguments', () => {
  const text = encodeOpenPacket({
    maxPayload: 1e6,
    pingTimeout: 60_000,
    upgrades: ['websocket'],
    pingInterval: 25_000,
    sid: 'abc',
  });
  assert.equal(
    text,
    '0{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":60000,"maxPayload":1000000}',
  );
});

test('a sid from a user function is escaped, so that it cannot break the JSON', () => {
  const text = encodeOpenPacket({ sid: '"},\\', upgrades: [], pingInterval: 1, pingTimeout: 2, maxPayload: 3 });
  assert.equal(JSON.parse(text.slice(1)).sid, '"},\\');
});
