import { topologyOf } from '../../designer/topology.ts';
import { type Baseline, workloadKey } from '../../health/snapshot.ts';

/** Where customers come in: a Service by its plain namespace, and its port. */
export interface FrontDoor {
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
}

/** The Service of the workload that hands customers on and that nobody else asks. @throws Error when the app has none */
export function frontDoorOf(app: Baseline): FrontDoor {
  const target = topologyOf(app).targetOf.get('frontDoor');
  const service = app.services.find(({ metadata }) => metadata.namespace === target?.namespace && metadata.name === target?.name);
  const port = service?.spec.ports?.[0]?.port;
  if (!target || port === undefined)
    throw new Error(`None of the Services ${app.services.map(workloadKey).join(', ')} is the app's front door`);
  return { namespace: target.namespace, service: target.name, port };
}
