import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../kube/fake-clock.ts';
import { connectRunner } from './client.ts';
import { RunnerLostError } from './kubectl-runner.ts';

const SESSION = { kubeconfig: 'k', view: { host: '10.0.0.1', port: 8443 } };
let stop: () => void = () => {};
afterEach(() => stop());

async function runner(answer: RequestListener): Promise<{ host: string; port: number }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

describe('a session on a runner', () => {
  test('is given up when the runner does not open it in time', async () => {
    const clock = new FakeClock();
    const asked = Promise.withResolvers<void>();
    const opening = connectRunner({ at: await runner(() => asked.resolve()) }, SESSION, clock);
    await asked.promise;
    await Promise.all([
      expect(opening).rejects.toThrow(new RunnerLostError('The kubectl runner opened no session within 5 s')),
      clock.advance(5000),
    ]);
  });

  test('lasts, once it is open', async () => {
    const clock = new FakeClock();
    const at = await runner((request, response) => {
      if (request.url === '/session') response.writeHead(200).flushHeaders();
      else response.end(JSON.stringify({ exitCode: 0, stdout: '', stderr: '', truncated: false, timedOut: false, files: {} }));
    });
    const session = await connectRunner({ at }, SESSION, clock);
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    const done = await session.run({ argv: ['version'], cwd: '/', files: new Map(), timeoutMs: 1000 });
    expect(done.exitCode).toBe(0);
  });
});
