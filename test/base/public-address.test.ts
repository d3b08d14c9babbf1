import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { test } from 'node:test';
import { isPrivateHost, isPublicAddress, publicLookup } from '../../src/base/public-address.ts';

const INSIDE = [
  ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.9.9.9', '169.254.169.254'],
  ...['172.16.0.1', '172.31.255.255', '192.168.1.1', '192.0.0.192', '198.18.0.1', '224.0.0.1', '240.0.0.1'],
  ...['255.255.255.255', '168.63.129.16', '::', '::1', '::ffff:127.0.0.1', '::ffff:169.254.169.254'],
  ...['::ffff:8.8.8.8', '::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '2002:7f00:1::', '2001:0:1::1'],
  ...['2001:db8::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '100::1'],
  ...['localhost', '', '1.2.3', '2606:4700::1%eth0'],
];
const OUTSIDE = ['8.8.8.8', '1.1.1.1', '172.32.0.1', '172.15.0.1', '100.128.0.1', '223.255.255.255'];
const OUTSIDE_6 = ['2606:4700::1111', '2001:4860:4860::8888', '2a00:1450::1', '2003::1'];

test('addresses of networks inside, of this machine and of clouds are not public', () => {
  assert.deepEqual(INSIDE.filter(isPublicAddress), []);
  assert.deepEqual(
    [...OUTSIDE, ...OUTSIDE_6].filter((address) => !isPublicAddress(address)),
    [],
  );
});

test('an address in a URL is known however it is written', () => {
  const hosts = ['0x7f.1', '2130706433', '0177.0.0.1', '127.1', '[::1]', '[::ffff:a9fe:a9fe]', '[64:ff9b::a9fe:a9fe]'];
  assert.deepEqual(
    hosts.filter((host) => !isPrivateHost(new URL(`https://${host}/`))),
    [],
  );
  assert.ok(!isPrivateHost(new URL('https://8.8.8.8/')));
  assert.ok(!isPrivateHost(new URL('https://app.example.com/')));
});

/** What a connection would be made to. */
const looked = (addresses: readonly string[], all: boolean) =>
  new Promise<unknown>((resolve) => {
    const found: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    const lookup = publicLookup((_name, _options, tell) => tell(null, found));
    lookup('app.example.com', { all }, (error, address, family) =>
      resolve(error ? error.code : all ? address : [address, family]),
    );
  });

test('a name is connected to only when all of its addresses are public', async () => {
  const refused = 'its name leads to an address that is not public';
  assert.deepEqual(await looked(['8.8.8.8', '2606:4700::1'], true), [
    { address: '8.8.8.8', family: 4 },
    { address: '2606:4700::1', family: 6 },
  ]);
  assert.deepEqual(await looked(['8.8.8.8'], false), ['8.8.8.8', 4]);
  for (const all of [true, false]) {
    assert.equal(await looked(['8.8.8.8', '127.0.0.1'], all), refused);
    assert.equal(await looked(['::ffff:10.0.0.1'], all), refused);
    assert.equal(await looked([], all), refused);
  }
});

test('a name that can not be found is told as that', async () => {
  const problem = Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
  const lookup = publicLookup((_name, _options, tell) => tell(problem, []));
  const code = await new Promise((resolve) => lookup('x', {}, (error) => resolve(error?.code)));
  assert.equal(code, 'ENOTFOUND');
});
