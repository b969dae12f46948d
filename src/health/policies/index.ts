import type { Policy } from '../policy.ts';
import { contentsKept } from './contents.ts';
import { enoughReplicas, notPaused, objectsPresent, templatesIntended } from './intent.ts';
import { podsReady } from './pods.ts';
import { quotasKept } from './quotas.ts';
import { servicesLead } from './services.ts';
import { customersServed } from './transactions.ts';

/** What holds for every arena, whatever was broken in it; what the objects say comes before what follows from it. */
export const POLICIES: readonly Policy[] = [
  objectsPresent,
  contentsKept,
  notPaused,
  enoughReplicas,
  templatesIntended,
  quotasKept,
  podsReady,
  servicesLead,
  customersServed,
];
