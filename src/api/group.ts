/** API group and version of every kind of the gym. */
export const GROUP = 'kubesregym.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** Incidents, Episodes, Steps and Arenas live here; operator and gateway run in SYSTEM_NAMESPACE, so that rights on one say nothing about the other. */
export const GYM_NAMESPACE = 'kube-sre-gym';
export const SYSTEM_NAMESPACE = 'kube-sre-gym-system';

/** Stands on arena namespaces only (value: the Arena's name); admission holds operator and gateway to namespaces that carry it. */
export const ARENA_LABEL = `${GROUP}/arena`;
/** Plain name of an arena namespace (payments for payments-k3x9…), beside ARENA_LABEL. */
export const PLAIN_NAMESPACE_LABEL = `${GROUP}/plain-name`;
/** Keeps an Arena until its namespaces are gone, and an Incident or Episode until what it holds is given back. */
export const FINALIZER = `${GROUP}/cleanup`;
/** Field manager of gym objects; never used for what an agent can read. */
export const FIELD_MANAGER = 'kube-sre-gym';
/** Field manager of everything the operator writes into arenas: what any team's kubectl would leave. */
export const NEUTRAL_FIELD_MANAGER = 'kubectl-client-side-apply';
/** On an Incident that proves a design and that nobody plays (value: proof). */
export const DESIGN_LABEL = `${GROUP}/design`;
/** On such an Incident: what is known of the design beside its spec, as JSON. */
export const DESIGN_ANNOTATION = `${GROUP}/design-facts`;
/** On such an Incident: when putting back what it broke began. */
export const FIXING_ANNOTATION = `${GROUP}/fixing-since`;
