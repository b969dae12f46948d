import { APPS, type AppName, DEFAULT_APP, ofApp } from '../../api/apps.ts';
import type { Arena } from '../../api/arena.ts';
import type { Incident } from '../../api/incident.ts';
import { isReady, newestFirst, type PoolLimits } from './plan.ts';

export interface OnDemandPlan {
  /** Arenas that Incidents wait for and that do not exist yet; room has to be kept for them. */
  missing: number;
  /** The app of each arena to make now; some of those that are missing. */
  create: AppName[];
  /** Arenas that nobody came back for, and spare ones of the default app in whose place one is wanted. */
  surplus: Arena[];
  /** When the next arena will have been kept for long enough, if nothing happens before. */
  requeueAfterMs?: number;
}

/** A reset that gave its place up mostly comes again: what was made for it is kept this long from its creation. */
const KEEP_MS = 300_000;

/**
 * Pure: what to do about arenas of other apps than the default one. Of those none is made to spare: there is one for each Incident that waits for
 * it, at the price of a spare arena where the limit or the cluster leaves no room.
 *
 * @param waiting Incidents of all apps that have no arena yet
 * @param full some arena pod cannot be scheduled
 */
export function planOnDemand(
  { arenas, waiting, full, now }: { arenas: readonly Arena[]; waiting: readonly Incident[]; full: boolean; now: Date },
  limits: PoolLimits,
): OnDemandPlan {
  const live = arenas.filter((a) => !a.metadata.deletionTimestamp);
  const unclaimed = live.filter((a) => !a.spec.claimRef);
  const byApp = APPS.filter((app) => app !== DEFAULT_APP).map((app) => {
    const wanted = ofApp(app, waiting).length;
    const there = newestFirst(ofApp(app, unclaimed)).reverse();
    const missing = Array<AppName>(Math.max(0, wanted - there.length)).fill(app);
    return { missing, making: there.slice(0, wanted).filter((a) => !isReady(a)), unwanted: there.slice(wanted) };
  });
  const missing = byApp.flatMap((app) => app.missing);
  const keptMs = (a: Arena): number => Date.parse(a.metadata.creationTimestamp ?? '') + KEEP_MS - now.getTime();
  const [unwanted, kept] = [true, false].map((over) => byApp.flatMap((app) => app.unwanted.filter((a) => keptMs(a) <= 0 === over)));
  const room = limits.max - arenas.length;
  const atOnce = limits.atOnce - unclaimed.filter((a) => !isReady(a)).length;

  // Where the cluster is full, those that are being made cannot start either.
  const short = full ? missing.length + byApp.flatMap((app) => app.making).length : missing.length - Math.max(0, room);
  const leaving = arenas.length - live.length + unwanted.length;
  const spares = newestFirst(ofApp(DEFAULT_APP, unclaimed));
  const dispensable = Math.max(0, spares.length - ofApp(DEFAULT_APP, waiting).length);
  const evicted = spares.slice(0, Math.max(0, Math.min(short - leaving, dispensable)));
  // Nobody may wait beside an arena that is kept for someone who may not come back.
  const crowdedOut = room <= 0 ? Math.max(0, ofApp(DEFAULT_APP, waiting).length - spares.length - leaving) : 0;
  return {
    missing: missing.length,
    create: full ? [] : missing.slice(0, Math.max(0, Math.min(room, atOnce))),
    surplus: [...unwanted, ...kept.slice(0, crowdedOut), ...evicted],
    ...(kept.length ? { requeueAfterMs: Math.min(...kept.map(keptMs)) } : {}),
  };
}
