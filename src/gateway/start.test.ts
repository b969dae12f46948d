import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeApi } from '../../test/support/fake-api.ts';
import { freePorts } from '../../test/support/free-ports.ts';
import { silentLogger } from '../kube/logger.ts';
import { type RunningGateway, startGateway } from './start.ts';

let api: FakeApi;
let folder: string;
let gateway: RunningGateway | undefined;

beforeEach(async () => {
  api = new FakeApi();
  await api.start();
  folder = mkdtempSync(join(tmpdir(), 'gateway-start-'));
});
afterEach(async () => {
  await gateway?.stop();
  await api.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a gateway on this host; returns the ports for agents, health and metrics. */
async function startOn(host: string): Promise<number[]> {
  const client = api.client();
  const cluster = { ...client.config.getCurrentCluster(), caData: Buffer.from('no certificate').toString('base64') };
  client.config.clusters = [cluster as (typeof client.config.clusters)[number]];
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, client.config.exportConfig());
  const ports = await freePorts(3);
  const [port, healthPort, metricsPort] = ports;
  const rest = { maxSessions: 1, identity: 'g', version: '1', production: false, kubectl: '/nowhere' };
  gateway = await startGateway({ host, port, healthPort, metricsPort, kubeconfig, ...rest }, silentLogger);
  return ports;
}

const listens = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port }, () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

test.each([
  ['127.0.0.1', false],
  ['0.0.0.0', true],
])('a gateway on %s answers agents, probes and scrapes there and nowhere else', async (host, everywhere) => {
  const ports = await startOn(host);
  expect(await Promise.all(ports.map((port) => listens('127.0.0.1', port)))).toEqual([true, true, true]);
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  if (!outside) return;
  expect(await Promise.all(ports.map((port) => listens(outside.address, port)))).toEqual([everywhere, everywhere, everywhere]);
});
