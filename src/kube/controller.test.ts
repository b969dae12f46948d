import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApi, WIDGETS, type Widget } from '../../test/support/fake-api.ts';
import type { KubeClient } from './client.ts';
import { Controller, type Reconcile, type Request } from './controller.ts';
import { ApiError } from './errors.ts';
import { FakeClock } from './fake-clock.ts';
import { createMetrics } from './metrics.ts';
import { Reflector } from './reflector.ts';

let api: FakeApi;
let client: KubeClient;
let reflector: Reflector<Widget>;

beforeEach(async () => {
  api = new FakeApi();
  await api.start();
  client = api.client();
  reflector = new Reflector({ client, resource: WIDGETS });
});
afterEach(async () => {
  await reflector.stop();
  await client.close();
  await api.stop();
});

const nameOf = (request: Request): string => `${request.namespace}/${request.name}`;

describe('Controller', () => {
  test('starts only after the first list, and reconciles what was listed and what changes', async () => {
    api.put('x', '1');
    api.put('y', '1');
    const seen: string[] = [];
    const reconcile: Reconcile = async (request) => {
      seen.push(`${nameOf(request)} of ${reflector.size}`);
      return undefined;
    };
    const controller = new Controller({ name: 'widget', reconcile }).watch(reflector);
    const started = controller.start(AbortSignal.timeout(5000));
    expect(seen).toEqual([]);
    reflector.start();
    await started;
    expect(seen).toEqual(['a/x of 2', 'a/y of 2']);
    api.put('z', '1');
    await reflector.waitFor(() => seen.includes('a/z of 3'), AbortSignal.timeout(5000));
    await controller.stop();
  });

  test('a change of one kind reconciles what the mapper says', async () => {
    const seen: string[] = [];
    const reconcile: Reconcile = async (request) => {
      seen.push(nameOf(request));
      return undefined;
    };
    const controller = new Controller({ name: 'owner', reconcile });
    controller.watch(reflector, (widget) => [{ namespace: 'b', name: `${widget.value}` }]);
    reflector.start();
    await controller.start();
    api.put('x', 'owner-1');
    await reflector.waitFor(() => seen.length > 0, AbortSignal.timeout(5000));
    expect(seen).toEqual(['b/owner-1']);
    await controller.stop();
    api.put('x', 'owner-2');
    await reflector.waitFor(() => reflector.list()[0]?.value === 'owner-2', AbortSignal.timeout(5000));
    expect(seen).toEqual(['b/owner-1']);
  });

  test('counts results under controller-runtime’s names, from zero', async () => {
    const metrics = createMetrics();
    const clock = new FakeClock();
    const outcomes: (() => Promise<{ requeueAfterMs?: number } | undefined>)[] = [
      async () => {
        throw new ApiError('patch', 409, { reason: 'Conflict' });
      },
      async () => ({ requeueAfterMs: 1000 }),
      async () => undefined,
    ];
    const reconcile: Reconcile = async () => outcomes.shift()?.();
    const controller = new Controller({ name: 'widget', reconcile, metrics, clock, concurrency: 3 });
    expect(await metrics.registry.metrics()).toContain('controller_runtime_reconcile_total{controller="widget",result="requeue"} 0');
    await controller.start();
    controller.enqueue({ namespace: 'a', name: 'x' });
    await clock.advance(2000);
    const text = await metrics.registry.metrics();
    for (const result of ['error', 'requeue_after', 'success']) {
      expect(text).toContain(`controller_runtime_reconcile_total{controller="widget",result="${result}"} 1`);
    }
    expect(text).toContain('controller_runtime_reconcile_errors_total{controller="widget"} 1');
    expect(text).toContain('controller_runtime_active_workers{controller="widget"} 0');
    expect(text).toContain('controller_runtime_max_concurrent_reconciles{controller="widget"} 3');
    expect(text).toContain('workqueue_retries_total{name="widget",controller="widget"} 1');
  });

  test('stop waits for a reconcile, and aborts it past the drain time', async () => {
    const clock = new FakeClock();
    let aborted = false;
    const reconcile: Reconcile = (_request, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(signal.reason);
        });
      });
    const controller = new Controller({ name: 'slow', reconcile, clock, drainMs: 5000 });
    await controller.start();
    controller.enqueue({ namespace: 'a', name: 'x' });
    const stopped = controller.stop();
    await clock.advance(4999);
    expect(aborted).toBe(false);
    await clock.advance(1);
    await stopped;
    expect(aborted).toBe(true);
  });
});
