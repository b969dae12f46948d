/**
 * The copies of the sample app that can be played: overlays of sample_app, each rendered into a folder of its name. `tickets` are the same
 * programs under other names, ports, images and replicas, which no agent meets in training.
 */
export const APPS = ['default', 'tickets'] as const;
export type AppName = (typeof APPS)[number];

/** What is played unless an Incident says otherwise, and what the pool keeps to spare. */
export const DEFAULT_APP: AppName = 'default';
/** What split `transfer` plays. */
export const TRANSFER_APP: AppName = 'tickets';

/** The app of an Incident or Arena by its spec; one from before there were several has none. */
export const appOf = ({ app = DEFAULT_APP }: { app?: AppName }): AppName => app;

/** Those Incidents or Arenas that are of one app. */
export const ofApp = <T extends { spec: { app?: AppName } }>(app: AppName, objects: readonly T[]): T[] =>
  objects.filter(({ spec }) => appOf(spec) === app);

/** Something of every app. */
export type PerApp<T> = Readonly<Record<AppName, T>>;

/** Makes something for every app. */
export function perApp<T>(make: (app: AppName) => T): PerApp<T> {
  return Object.fromEntries(APPS.map((app) => [app, make(app)])) as Record<AppName, T>;
}
