import { X509Certificate } from 'node:crypto';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { createServingCertificate } from './certificate.ts';

test('the certificate is its own authority, valid for the hosts asked for and no others', () => {
  const certificate = new X509Certificate(createServingCertificate(['127.0.0.1', 'view.example']).cert);
  expect(certificate.ca).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.checkHost('view.example')).toBe('view.example');
  expect(certificate.checkHost('other.example')).toBeUndefined();
});

test('a client that trusts it connects, one that does not is told', async () => {
  const { key, cert } = createServingCertificate(['127.0.0.1']);
  const server = createServer({ key, cert }, (_req, res) => res.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fetch = (ca?: string) =>
    new Promise<string>((resolve, reject) =>
      get({ host: '127.0.0.1', port, ca, agent: false }, (res) => res.setEncoding('utf8').on('data', resolve)).on('error', reject),
    );
  await expect(fetch(cert)).resolves.toBe('hello');
  await expect(fetch()).rejects.toThrow(/self-signed/);
  server.close();
});
