import { describe, expect, test } from '@jest/globals';
import { parseHostPort } from './host-port.ts';

describe('HOST:PORT', () => {
  test.each([
    ['an IPv4 address', '10.0.0.1:8443', { host: '10.0.0.1', port: 8443 }],
    ['an IPv6 address in brackets', '[fd00::1]:8443', { host: 'fd00::1', port: 8443 }],
    ['no host', ':8443', { host: '0.0.0.0', port: 8443 }],
  ])('takes %s', (_, text, expected) => expect(parseHostPort(text)).toEqual(expected));

  test.each(['8443', '10.0.0.1', 'fd00::1:8443', 'h:0', 'h:65536', 'h:x', ''])('refuses "%s"', (text) => {
    expect(() => parseHostPort(text)).toThrow('give HOST:PORT');
  });
});
