import type { Alert, Target } from '../api/incident.ts';

const EFFECT = 'Customers report that payments fail or do not complete.';
/** An Incident waits a minute at most for its symptom, and a reset less than another one for its arena. */
export const SINCE = 'Started within the last five minutes.';

/** What the pager says when the workload lacks pods. */
export function unavailableAlert({ namespace, name }: Target): Alert {
  return {
    severity: 'critical',
    title: `${name}: replicas unavailable`,
    message: `Deployment ${name} in namespace ${namespace} has fewer available replicas than it should. ${EFFECT} ${SINCE}`,
  };
}

/** What the pager says when containers restart again and again. */
export function restartingAlert({ namespace, name }: Target): Alert {
  return {
    severity: 'critical',
    title: `${name}: containers are restarting`,
    message: `Containers of Deployment ${name} in namespace ${namespace} restart repeatedly. ${EFFECT} ${SINCE}`,
  };
}

/** What the pager says when all that is known is that requests fail. */
export function failingAlert({ namespace, name }: Target): Alert {
  return {
    severity: 'critical',
    title: `${name}: requests are failing`,
    message: `Synthetic payments fail at ${name} in namespace ${namespace}. ${EFFECT} ${SINCE}`,
  };
}

/** An alert and the workload that it speaks of. */
export interface PlacedAlert {
  readonly place: string;
  readonly alert: Alert;
}

/** Several alerts as one page that names every place; what says the same is said once. Throws for none. */
export function onePage(alerts: readonly PlacedAlert[]): Alert {
  const different = [...new Map(alerts.map((a) => [a.alert.message, a])).values()];
  if (different.length === 0) throw new Error('A page needs an alert');
  if (different.length === 1) return different[0].alert;
  return {
    severity: different.some(({ alert }) => alert.severity === 'critical') ? 'critical' : 'warning',
    title: `${different.length} alerts: ${[...new Set(different.map(({ place }) => place))].join(', ')}`,
    message: different.map(({ alert }) => `${alert.title}. ${alert.message}`).join('\n'),
  };
}
