import { DEFAULT_APP, ofApp } from '../../api/apps.ts';
import type { Arena, ArenaStatus } from '../../api/arena.ts';
import { type Condition, findCondition, isTrue, setCondition } from '../../api/conditions.ts';
import { ARENA_FORCE_PODS_SECONDS, ARENA_MAKING_SECONDS, ARENA_STRIP_FINALIZERS_SECONDS, ARENA_STUCK_SECONDS } from '../../api/defaults.ts';
import type { Incident } from '../../api/incident.ts';
import { ConditionType, Reason } from '../../api/reasons.ts';
import { isFinished } from '../incident/plan.ts';

/** What one pass sees of an Arena. */
export interface ArenaObservation {
  arena: Arena;
  now: Date;
  /** The namespaces that carry this arena's label, by their real names. */
  namespaces: readonly { name: string; terminating: boolean }[];
  /** The claimed Incident exists under that uid and is not being deleted; undefined while the Incident cache is not filled. */
  claimantAlive?: boolean;
  /** Why the copy of the app is not healthy yet; undefined when it is. */
  unhealthy?: string;
}

export interface TeardownStage {
  /** Namespaces, by their real names, that nobody has deleted yet. */
  empty: readonly string[];
  /** Namespaces that take too long: their pods are forced out. */
  forcePods: readonly string[];
  /** Namespaces that take longer still: their finalizers are taken off. */
  stripFinalizers: readonly string[];
}

export type ArenaAction =
  | { do: 'none' }
  | { do: 'provision' }
  | { do: 'deleteArena'; why: string }
  | ({ do: 'teardown' } & TeardownStage)
  | { do: 'release' };

export interface ArenaPlan {
  action: ArenaAction;
  status: ArenaStatus;
  requeueAfterMs?: number;
}

/** Suffix of an arena's namespaces: the random part of its name, so that it needs no write of its own to survive a restart. */
export function arenaId(arena: Arena): string {
  return arena.metadata.name.replace(/^arena-/, '');
}

/** Pure: what an Arena needs next. */
export function planArena(o: ArenaObservation): ArenaPlan {
  const status: ArenaStatus = { ...o.arena.status, observedGeneration: o.arena.metadata.generation, id: arenaId(o.arena) };
  if (o.arena.metadata.deletionTimestamp) return planTeardown(o, status);
  if (o.arena.spec.claimRef && o.claimantAlive === false) return { action: { do: 'deleteArena', why: 'its incident is over' }, status };
  // Ready is written once: after the claim the app is broken on purpose, and nothing repairs it.
  if (isReady(o.arena)) return { action: { do: 'none' }, status: { ...status, phase: o.arena.spec.claimRef ? 'Claimed' : 'Ready' } };
  if (o.unhealthy) {
    // One that never gets healthy would keep its place among those that are made at once for ever.
    const leftMs = Date.parse(o.arena.metadata.creationTimestamp ?? '') + ARENA_MAKING_SECONDS * 1000 - o.now.getTime();
    if (leftMs <= 0)
      return { action: { do: 'deleteArena', why: `it was not healthy in ${ARENA_MAKING_SECONDS} s: ${o.unhealthy}` }, status };
    return {
      action: { do: 'provision' },
      requeueAfterMs: leftMs,
      status: set(o, { ...status, phase: 'Creating' }, ConditionType.Ready, 'False', Reason.Creating, o.unhealthy),
    };
  }
  const ready = { ...status, phase: 'Ready', readyTime: o.now.toISOString() };
  return {
    action: { do: 'none' },
    status: set(o, ready, ConditionType.Ready, 'True', Reason.ArenaHealthy, 'Every workload is healthy and a payment went through'),
  };
}

function planTeardown(o: ArenaObservation, status: ArenaStatus): ArenaPlan {
  if (o.namespaces.length === 0) return { action: { do: 'release' }, status };
  const ageMs = o.now.getTime() - Date.parse(o.arena.metadata.deletionTimestamp as string);
  const stages = [ARENA_FORCE_PODS_SECONDS, ARENA_STRIP_FINALIZERS_SECONDS, ARENA_STUCK_SECONDS].map((s) => s * 1000);
  const next = stages.find((ms) => ageMs < ms);
  const names = o.namespaces.map((ns) => ns.name);
  const action: ArenaAction = {
    do: 'teardown',
    empty: o.namespaces.filter((ns) => !ns.terminating).map((ns) => ns.name),
    forcePods: ageMs >= stages[0] ? names : [],
    stripFinalizers: ageMs >= stages[1] ? names : [],
  };
  let result: ArenaStatus = set(
    o,
    { ...status, phase: 'Terminating' },
    ConditionType.Ready,
    'False',
    Reason.Terminating,
    'The arena is being deleted',
  );
  if (ageMs >= stages[2]) {
    result = set(o, result, ConditionType.Stuck, 'True', Reason.NamespacesRemain, `Still there: ${names.join(', ')}`);
  }
  return { action, status: result, requeueAfterMs: next === undefined ? 5_000 : next - ageMs };
}

function set(
  o: ArenaObservation,
  status: ArenaStatus,
  type: string,
  state: Condition['status'],
  reason: string,
  message: string,
): ArenaStatus {
  const change = { type, status: state, reason, message, observedGeneration: o.arena.metadata.generation };
  return { ...status, conditions: setCondition(status.conditions ?? [], change, o.now) };
}

/** What the pool looks at. Terminating arenas count: their pods still hold memory. */
export interface PoolObservation {
  arenas: readonly Arena[];
  /** Incidents of the default app that have no arena yet. */
  waiting: number;
  /** Arenas of other apps that somebody waits for and that do not exist yet: they come first. */
  missing: number;
  /** Some arena pod cannot be scheduled: the cluster is full. */
  full: boolean;
}

export interface PoolLimits {
  /** Unclaimed arenas kept at any time. */
  spare: number;
  /** Arenas in all. */
  max: number;
  /** Arenas made at the same time. A start burns CPU for seconds; too many together starve the probes of the arenas that are played in. */
  atOnce: number;
}

/**
 * Pure: how many arenas of the default app to make and which unclaimed ones to delete. Spares follow demand: one for each claimed arena (its
 * session will reset) and each waiting incident, at least `spare`, within `max` and what the cluster can hold.
 */
export function planPool(o: PoolObservation, limits: PoolLimits): { create: number; surplus: Arena[] } {
  const live = o.arenas.filter((a) => !a.metadata.deletionTimestamp);
  const own = ofApp(DEFAULT_APP, live);
  const unclaimed = own.filter((a) => !a.spec.claimRef);
  const claimed = own.length - unclaimed.length;
  const wanted = Math.max(limits.spare, o.waiting + Math.min(claimed, Math.ceil(limits.max / 2)));
  const making = live.filter((a) => !a.spec.claimRef && !isReady(a)).length;
  const room = Math.min(limits.max - o.arenas.length, limits.atOnce - making) - o.missing;
  if (o.full) return { create: 0, surplus: [] };
  if (unclaimed.length > wanted + 2) {
    return { create: 0, surplus: newestFirst(unclaimed).slice(0, unclaimed.length - wanted - 2) };
  }
  return { create: Math.max(0, Math.min(wanted - unclaimed.length, room)), surplus: [] };
}

/** In the order in which arenas are given up: one that is still being made is the cheapest to lose. */
export const newestFirst = (arenas: readonly Arena[]): Arena[] =>
  arenas.toSorted((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''));

/** The Ready, unclaimed arena that has waited longest. */
export function pickArena(arenas: readonly Arena[]): Arena | undefined {
  const readyAt = (a: Arena): string => findCondition(a.status?.conditions, ConditionType.Ready)?.lastTransitionTime ?? '';
  return freeArenas(arenas).sort((a, b) => readyAt(a).localeCompare(readyAt(b)))[0];
}

export const isReady = (arena: Arena): boolean => isTrue(arena.status?.conditions, ConditionType.Ready);

const freeArenas = (arenas: readonly Arena[]): Arena[] =>
  arenas.filter((a) => !a.metadata.deletionTimestamp && !a.spec.claimRef && isReady(a));

/** Incidents that have no arena yet and will need one. */
export function waitingIncidents(incidents: readonly Incident[], arenas: readonly Arena[]): Incident[] {
  const held = new Set(arenas.map((a) => a.spec.claimRef?.uid));
  return incidents.filter((i) => !isFinished(i) && !i.metadata.deletionTimestamp && !held.has(i.metadata.uid));
}

/** The arena that `incident` may claim now: there is one left when everyone who waits longer has had theirs, so that nobody is overtaken. */
export function arenaFor(incident: Incident, incidents: readonly Incident[], arenas: readonly Arena[]): Arena | undefined {
  const ticket = ({ metadata }: Incident): string => `${metadata.creationTimestamp} ${metadata.name}`;
  const before = waitingIncidents(incidents, arenas).filter((other) => ticket(other) < ticket(incident));
  return before.length < freeArenas(arenas).length ? pickArena(arenas) : undefined;
}

/** Ready, unclaimed arenas beyond one for each Incident that waits. */
export const spareArenas = (arenas: readonly Arena[], waiting: number): number => Math.max(0, freeArenas(arenas).length - waiting);

/** One word for an arena, for people and metrics. */
export function phaseOfArena(arena: Arena): string {
  if (isTrue(arena.status?.conditions, ConditionType.Stuck)) return 'Stuck';
  if (arena.metadata.deletionTimestamp) return 'Terminating';
  if (arena.spec.claimRef) return 'Claimed';
  return isReady(arena) ? 'Ready' : 'Creating';
}
