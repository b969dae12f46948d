import type { FaultContext } from '../fault.ts';
import { seededRandom } from '../random.ts';
import type { RedHerring } from './red-herring.ts';

/** The letters of which Kubernetes makes suffixes of names. */
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const CONTROLLER = 'endpoint-slice-controller';

const serviceOf = ({ baseline, deployment, target }: FaultContext) => {
  const labels = deployment.spec.template.metadata?.labels ?? {};
  return baseline.services.find(
    ({ metadata, spec }) =>
      metadata.namespace === target.namespace && spec.selector && Object.entries(spec.selector).every(([k, v]) => labels[k] === v),
  );
};

export const staleEvent: RedHerring = {
  kind: 'stale_event',
  description: 'One Warning Event about the Service of a healthy workload: its EndpointSlice was changed twice at once, and written again.',
  params: {},
  makesPods: false,
  canTarget: (context) => serviceOf(context) !== undefined,
  mutations: (context) => {
    const { metadata } = serviceOf(context) as NonNullable<ReturnType<typeof serviceOf>>;
    const { name, uid } = metadata;
    const { namespace } = context.target;
    const time = context.baseline.capturedAt;
    const random = seededRandom(`event ${namespace}/${name} ${time}`);
    const slice = `${name}-${Array.from({ length: 5 }, () => LETTERS[random(LETTERS.length)]).join('')}`;
    // Named as client-go names Events: the object and the time in nanoseconds.
    const nanoseconds = BigInt(Date.parse(time)) * 1_000_000n + BigInt(random(1_000_000));
    const at = time.replace(/\.\d+Z$/, 'Z');
    const object = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${nanoseconds.toString(16)}` },
      type: 'Warning',
      reason: 'FailedToUpdateEndpointSlices',
      message:
        `Error updating Endpoint Slices for Service ${namespace}/${name}: failed to update ${slice} EndpointSlice for Service ` +
        `${namespace}/${name}: Operation cannot be fulfilled on endpointslices.discovery.k8s.io "${slice}": the object has been modified; ` +
        'please apply your changes to the latest version and try again',
      involvedObject: { apiVersion: 'v1', kind: 'Service', namespace, name, uid },
      source: { component: CONTROLLER },
      reportingComponent: CONTROLLER,
      reportingInstance: '',
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    };
    return [{ verb: 'create', namespace, object, manager: 'kube-controller-manager' }];
  },
};
