import { describe, expect, test } from '@jest/globals';
import { makeArena, paid, type TestArena } from '../health/testing.ts';
import { arenaLines } from './arena-lines.ts';

const linesOf = (arena: TestArena): string[] => arenaLines(arena.snapshot(arena.baseline()));

describe('arenaLines', () => {
  test('a healthy arena, whole', () => {
    expect(linesOf(makeArena())).toEqual([
      'Deployment payments/payment-api: 2 of 2 ready, 2 up to date; payment-api image registry.local/shop/payment-api:2.4.1, limits memory=128Mi',
      'Pods of payments/payment-api: 2 x Running, ready',
      'Deployment payments/payment-db: 1 of 1 ready, 1 up to date; payment-db image registry.local/shop/payment-db:2.4.1, limits memory=192Mi',
      'Pods of payments/payment-db: 1 x Running, ready',
      'Deployment auth/auth-service: 1 of 1 ready, 1 up to date; auth-service image registry.local/shop/auth-service:2.4.1, limits memory=128Mi',
      'Pods of auth/auth-service: 1 x Running, ready',
      'Service payments/payment-api: 2 ready addresses',
      'Service auth/auth-service: 1 ready addresses',
      'ResourceQuota payments/team-payments: hard pods=12 requests.cpu=500m requests.memory=1Gi limits.memory=3Gi; used nothing',
      'Customers: 1 of 1 served',
    ]);
  });
  test('why a container does not run', () => {
    const arena = makeArena().setContainers('payments/payment-api', {
      restartCount: 4,
      state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s' } },
      lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
    });
    expect(linesOf(arena)).toContain(
      'Pods of payments/payment-api: 2 x Running, not ready; payment-api 4 restarts, waits: CrashLoopBackOff back-off 40s, ended: exit 137 OOMKilled',
    );
  });
  test('a rollout that stands still, and customers who are hurt', () => {
    const arena = makeArena();
    const deployment = arena.deployment('auth/auth-service');
    deployment.spec.paused = true;
    deployment.status = { conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }] };
    arena.transactions.push({ ...paid(2), ok: false, message: 'HTTP 502' });
    const lines = linesOf(arena);
    expect(lines.find((line) => line.startsWith('Deployment auth'))).toContain(
      '0 of 1 ready, 0 up to date, paused, FailedCreate: exceeded quota',
    );
    expect(lines.at(-1)).toBe('Customers: 1 of 2 served; last trouble: HTTP 502');
  });
  test('no workload is missing, however many pods others have and whatever they say', () => {
    const arena = makeArena();
    const pods = arena.podsOf('payments/payment-api');
    for (let i = 0; i < 300; i++) arena.pods.push({ ...pods[0], metadata: { ...pods[0].metadata, name: `payment-api-${i}` } });
    arena.setContainers('payments/payment-api', { lastState: { terminated: { exitCode: 1, message: 'x'.repeat(4000) } } });
    const lines = linesOf(arena);
    for (const key of ['payments/payment-api', 'payments/payment-db', 'auth/auth-service']) {
      expect(lines.filter((line) => line.startsWith(`Deployment ${key}:`))).toHaveLength(1);
    }
    expect(lines.join('\n').length).toBeLessThan(2000);
  });
  test('a pod of nobody has a line of its own', () => {
    const arena = makeArena();
    arena.pods.push({ ...arena.pods[0], metadata: { name: 'debug', namespace: 'auth' } });
    expect(linesOf(arena)).toContain('Pod auth/debug of no Deployment: Running, ready');
  });
  test('values of the environment stay where they are', () => {
    expect(linesOf(makeArena()).join('\n')).not.toContain('DATABASE_URL');
    expect(linesOf(makeArena()).join('\n')).not.toContain('postgres://');
  });
});
