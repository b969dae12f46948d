import { afterEach, describe, expect, test } from '@jest/globals';
import { type HealthServer, type HealthServerOptions, startHealthServer } from './health-server.ts';
import { createMetrics } from './metrics.ts';

let server: HealthServer | undefined;
afterEach(() => server?.close());

async function get(path: string, options: Partial<HealthServerOptions>): Promise<[number, string]> {
  server = await startHealthServer({ host: '127.0.0.1', port: 0, ...options });
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
  return [response.status, await response.text()];
}

describe('startHealthServer', () => {
  test('says ok when every check is content', async () => {
    expect(await get('/readyz', { readyz: { caches: () => undefined } })).toEqual([200, 'ok\n']);
  });
  test('names the check that failed', async () => {
    const readyz = { caches: () => 'not filled yet', lease: async () => undefined };
    expect(await get('/readyz', { readyz })).toEqual([503, '[-]caches failed: not filled yet\n[+]lease ok\n']);
  });
  test('a check that throws has failed', async () => {
    const healthz = {
      loop: () => {
        throw new Error('stuck');
      },
    };
    expect(await get('/healthz', { healthz })).toEqual([503, '[-]loop failed: stuck\n']);
  });
  test('serves metrics only where there are some', async () => {
    const [status, text] = await get('/metrics', { metrics: createMetrics().registry });
    expect([status, text.includes('# TYPE rest_client_requests_total counter')]).toEqual([200, true]);
    await server?.close();
    expect((await get('/metrics', { healthz: {} }))[0]).toBe(404);
  });
  test('rejects when the port is taken', async () => {
    server = await startHealthServer({ host: '127.0.0.1', port: 0, healthz: {} });
    await expect(startHealthServer({ host: '127.0.0.1', port: server.port })).rejects.toThrow('EADDRINUSE');
  });
});
