import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../../core/wire/address.ts';

const ipv6 = (...groups: number[]): Uint8Array => new Uint8Array(groups.flatMap((group) => [group >> 8, group & 0xff]));

test('an IPv4 address is a dotted quad', () => {
  assert.equal(formatAddress(new Uint8Array([192, 168, 0, 1])), '192.168.0.1');
});

test('an IPv4 address on a dual-stack socket keeps its prefix', () => {
  assert.equal(formatAddress(ipv6(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1)), '::ffff:127.0.0.1');
});

test('an IPv6 address is printed in its short form', () => {
  assert.equal(formatAddress(ipv6(0, 0, 0, 0, 0, 0, 0, 1)), '::1');
  assert.equal(formatAddress(ipv6(0x2001, 0xdb8, 0, 0, 0, 0xff00, 0x42, 0x8329)), '2001:db8::ff00:42:8329');
});

test('a peer without an address has an empty one', () => {
  assert.equal(formatAddress(new Uint8Array(0)), '');
});
