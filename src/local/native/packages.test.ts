import { expect, test } from '@jest/globals';
import { packagesIn } from './packages.ts';

test('package names are read from what apt-get would download', () => {
  const uris = `'http://deb.debian.org/debian/pool/main/c/containerd/containerd_1.6.20%7eds1_amd64.deb' containerd_1.6.20~ds1_amd64.deb 25903404 MD5Sum:75084e
'http://deb.debian.org/debian/pool/main/libn/libnftnl/libnftnl11_1.2.4-2_amd64.deb' libnftnl11_1.2.4-2_amd64.deb 61632 MD5Sum:9c2691
'http://deb.debian.org/debian/pool/main/c/conntrack/conntrack_1.4.7_amd64.deb' conntrack_1%3a1.4.7-1+b2_amd64.deb 35240 MD5Sum:c4ca83
`;
  expect(packagesIn(uris)).toEqual(['containerd', 'libnftnl11', 'conntrack']);
});

test('nothing is missing where everything is installed', () => {
  expect(packagesIn('')).toEqual([]);
});
