import { oneOf } from '../params.ts';
import type { RedHerring } from './red-herring.ts';

const CAUSES: Readonly<Record<string, string>> = {
  emergency: 'CHG-4821 emergency change, approved by phone',
  hotfix: 'CHG-4807 hotfix: roll forward after failed canary',
  certificate: 'CHG-4790 reload after certificate renewal',
  pool: 'CHG-4833 larger connection pool',
};

export const changeCause: RedHerring = {
  kind: 'change_cause',
  description: 'The newest revision of a healthy workload carries a change cause that sounds like trouble.',
  params: { cause: oneOf('What it says', () => Object.keys(CAUSES)) },
  makesPods: false,
  canTarget: () => true,
  mutations: ({ target }, { cause }) => [
    {
      verb: 'patch',
      kind: 'Deployment',
      namespace: target.namespace,
      name: target.name,
      type: 'merge',
      // On the Deployment, not on its template: nothing rolls out.
      patch: { metadata: { annotations: { 'kubernetes.io/change-cause': CAUSES[cause] } } },
    },
  ],
};
