import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadKubeConfig } from './config.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(user: object): string {
  const path = join(dir, 'config');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443/', 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'one', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'one',
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

describe('loadKubeConfig', () => {
  test('says which file does not exist', () => {
    expect(() => loadKubeConfig({ path: '/nowhere/config' })).toThrow('The kubeconfig /nowhere/config does not exist');
  });
  describe('without a path', () => {
    const { KUBECONFIG, HOME } = process.env;
    beforeEach(() => {
      delete process.env.KUBECONFIG;
      process.env.HOME = dir;
    });
    afterEach(() => {
      Object.assign(process.env, { HOME }, KUBECONFIG && { KUBECONFIG });
    });

    test('says what to do when nothing is configured at all', () => {
      expect(() => loadKubeConfig()).toThrow('No Kubernetes cluster is configured; set KUBECONFIG');
    });
    test('takes a kubectl proxy on the port that nothing configured would mean', () => {
      const text = readFileSync(write({ token: 't' }), 'utf8').replace('https://127.0.0.1:6443/', 'http://localhost:8080');
      mkdirSync(join(dir, '.kube'));
      writeFileSync(join(dir, '.kube/config'), text);
      expect(loadKubeConfig().getCurrentCluster()?.server).toBe('http://localhost:8080');
    });
  });
  test('says which contexts there are', () => {
    expect(() => loadKubeConfig({ path: write({ token: 't' }), context: 'two' })).toThrow('has no context two; it has one');
  });
});

describe('KubeConfig.connection', () => {
  test('keeps its dispatcher while credentials are asked for anew', async () => {
    const config = loadKubeConfig({ path: write({ token: 't' }) });
    const first = await config.connection();
    expect(first).toMatchObject({ server: 'https://127.0.0.1:6443', headers: { Authorization: 'Bearer t' } });
    config.refreshCredentials();
    const second = await config.connection();
    expect(second).not.toBe(first);
    expect(second.dispatcher).toBe(first.dispatcher);
    await config.close();
  });

  test('makes a new dispatcher when the client certificate was rotated', async () => {
    const certificate = join(dir, 'client.crt');
    const key = join(dir, 'client.key');
    writeFileSync(certificate, 'first');
    writeFileSync(key, 'key');
    const config = loadKubeConfig({ path: write({ 'client-certificate': certificate, 'client-key': key }) });
    const first = await config.connection();
    writeFileSync(certificate, 'second');
    expect(await config.connection()).toBe(first);
    config.refreshCredentials();
    expect((await config.connection()).dispatcher).not.toBe(first.dispatcher);
    await config.close();
  });

  test('says what to do when no cluster is configured', async () => {
    const path = join(dir, 'empty');
    writeFileSync(path, '{"apiVersion":"v1","kind":"Config"}');
    await expect(loadKubeConfig({ path }).connection()).rejects.toThrow('set KUBECONFIG, pass --kubeconfig');
  });
});
