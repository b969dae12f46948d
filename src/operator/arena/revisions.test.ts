import { expect, test } from '@jest/globals';
import { loadApp, workloadKey } from './app.ts';
import { pastRevision } from './revisions.ts';

const app = loadApp();
const pasts = app.deployments.flatMap((d) => (app.olderRevisions.get(workloadKey(d)) ?? []).map((older, i) => pastRevision(older, i + 1)));

test('every Deployment of the app has two revisions behind it, numbered from the oldest, at 0 replicas', () => {
  expect(pasts).toHaveLength(2 * app.deployments.length);
  expect(pasts.map((rs) => [rs.metadata.annotations?.['deployment.kubernetes.io/revision'], rs.spec.replicas])).toEqual(
    app.deployments.flatMap(() => [
      ['1', 0],
      ['2', 0],
    ]),
  );
});

test('each is told from its neighbours by a hash in its name, its labels, its selector and its template', () => {
  expect(new Set(pasts.map((rs) => rs.metadata.name)).size).toBe(pasts.length);
  for (const { metadata, spec } of pasts) {
    const hash = metadata.labels?.['pod-template-hash'] as string;
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{10}$/);
    expect(metadata.name.endsWith(`-${hash}`)).toBe(true);
    expect(spec.selector.matchLabels?.['pod-template-hash']).toBe(hash);
    expect(spec.template.metadata?.labels?.['pod-template-hash']).toBe(hash);
  }
});

test('without the hash the template is the older one, which is what `rollout undo` takes', () => {
  const [deployment] = app.deployments;
  const [older] = app.olderRevisions.get(workloadKey(deployment)) ?? [];
  const { template } = pastRevision(older, 1).spec;
  const { 'pod-template-hash': _, ...labels } = template.metadata?.labels ?? {};
  expect({ ...template, metadata: { ...template.metadata, labels } }).toEqual(older.spec.template);
});

test('how many pods it could have had follows from the strategy', () => {
  const of = (strategy: object) => {
    const [deployment] = app.deployments;
    const rs = pastRevision({ ...deployment, spec: { ...deployment.spec, replicas: 2, strategy } }, 1);
    return rs.metadata.annotations?.['deployment.kubernetes.io/max-replicas'];
  };
  expect([of({ type: 'Recreate' }), of({ rollingUpdate: { maxSurge: 0 } }), of({ rollingUpdate: { maxSurge: '50%' } }), of({})]).toEqual([
    '2',
    '2',
    '3',
    '3',
  ]);
});
