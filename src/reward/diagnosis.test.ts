import { describe, expect, test } from '@jest/globals';
import { type DiagnosisKey, scoreDiagnosis } from './diagnosis.ts';

const terms = {
  oom_kill: ['oom', 'out of memory', 'memory limit'],
  crashloop: ['crash loop', 'crashloop', 'wrong command'],
  image_pull: ['image'],
  scale_zero: ['scaled to zero', '0 replicas'],
  resource_quota: ['quota'],
};
const workloads = ['payment-api', 'payment-db', 'payment-gateway', 'web-app', 'auth-service'];
const key = (...faults: [string, string][]): DiagnosisKey => ({
  faults: faults.map(([workload, type]) => ({ workload, type })),
  terms,
  workloads,
});
const oom = key(['payment-api', 'oom_kill']);

describe('scoreDiagnosis', () => {
  const cases: [string, DiagnosisKey, string, number][] = [
    ['workload and class', oom, 'payment-api is out of memory', 1],
    ['upper case and punctuation do not matter', oom, 'Payment-API: OOMKilled!', 1],
    ['a pod of the workload names it', oom, 'pod payment-api-7d9f8c-x2x9k hits its memory limit', 1],
    ['a DNS name of the workload names it', oom, 'payment-api.payments runs OOM', 1],
    ['only the workload', oom, 'payment-api is broken', 0.5],
    ['only the class', oom, 'something is OOMKilled', 0.5],
    ['a wrong class', oom, 'payment-api has a bad image', 0.5],
    ['a symptom beside the cause', oom, 'payment-api is OOMKilled and so in a crash loop', 1],
    ['a wrong workload beside the right one', oom, 'payment-api or payment-db is out of memory', 0.5],
    ['a wrong workload takes what the class gave', oom, 'payment-db is out of memory', 0],
    ['never below 0', oom, 'web-app, auth-service and payment-db', 0],
    ['naming every workload', oom, `${workloads.join(' ')} oom`, 0],
    ['naming every class divides that half', oom, 'payment-api: oom crashloop image quota scaled to zero', 0.5 + 0.5 / 4],
    ['half a word is no term', oom, 'payment-api has no room', 0.5],
    ['a part of a name is no workload', oom, 'payment is out of memory', 0.5],
    ['nothing said', oom, '', 0],
    ['one of two workloads, one of two classes', key(['payment-api', 'oom_kill'], ['web-app', 'image_pull']), 'payment-api oom', 0.5],
    ['both of two', key(['payment-api', 'oom_kill'], ['web-app', 'image_pull']), 'payment-api oom, web-app image', 1],
    ['nothing is broken and nothing is named', key(), 'all is fine', 1],
    ['nothing is broken but something is named', key(), 'web-app is down', 0],
  ];
  test.each(cases)('%s', (_sentence, key, text, want) => expect(scoreDiagnosis(text, key)).toBeCloseTo(want, 9));
});
