import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientNetwork, formatAddress } from '../../core/wire/address.ts';

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

test('a client is its IPv4 address, or the first half of its IPv6 address', () => {
  for (const address of ['', '192.168.0.1', '::ffff:127.0.0.1', '::FFFF:10.0.0.1']) {
    assert.equal(clientNetwork(address), address);
  }
  assert.equal(clientNetwork('2001:db8:0:7:1:2:3:4'), '2001:db8:0:7::/64');
  assert.equal(clientNetwork('2001:db8:0:7::1'), '2001:db8:0:7::/64');
  assert.equal(clientNetwork('2001:db8::ff00:42:8329'), '2001:db8:0:0::/64');
  assert.equal(clientNetwork('2001:db8::7:1:2:3:4'), '2001:db8:0:7::/64');
  assert.equal(clientNetwork('::1'), '0:0:0:0::/64');
  assert.equal(clientNetwork('fe80::'), 'fe80:0:0:0::/64');
});
