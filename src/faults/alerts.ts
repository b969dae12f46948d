import type { Alert, Target } from '../api/incident.ts';

const EFFECT = 'Customers report that payments fail or do not complete.';

/** What the pager says when the workload lacks pods. */
export function unavailableAlert({ namespace, name }: Target): Alert {
  return {
    severity: 'critical',
    title: `${name}: replicas unavailable`,
    message: `Deployment ${name} in namespace ${namespace} has fewer available replicas than it should. ${EFFECT}`,
  };
}

/** What the pager says when containers restart again and again. */
export function restartingAlert({ namespace, name }: Target): Alert {
  return {
    severity: 'critical',
    title: `${name}: containers are restarting`,
    message: `Containers of Deployment ${name} in namespace ${namespace} restart repeatedly. ${EFFECT}`,
  };
}

/** What the pager says when all that is known is that requests fail. */
export function failingAlert({ namespace, name }: Target): Alert {
  return {
    severity: 'critical',
    title: `${name}: requests are failing`,
    message: `Synthetic payments fail at ${name} in namespace ${namespace}. ${EFFECT}`,
  };
}
