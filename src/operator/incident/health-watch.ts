import type { FaultStatus, Incident } from '../../api/incident.ts';
import { assess, holdSecondsFor } from '../../faults/engine.ts';
import { advance, type Hold, NO_HOLD } from '../../health/hold.ts';
import type { OracleResult } from '../../health/oracle.ts';
import type { ArenaSnapshot, Baseline } from '../../health/snapshot.ts';
import type { ArenaTraffic } from '../../health/traffic.ts';
import type { Clock } from '../../kube/clock.ts';
import type { ArenaReader } from '../arena-state.ts';
import type { Health } from '../episode/plan.ts';
import type { World } from '../world.ts';

export interface HealthLook {
  snapshot: ArenaSnapshot;
  oracle: OracleResult;
  hold: Hold;
  holdSeconds: number;
}

/** Looks at the arenas of running Incidents and keeps how long each has been healthy. In memory: a restart begins every hold anew. */
export class HealthWatch {
  readonly #reader: ArenaReader;
  readonly #world: World;
  readonly #traffic: ArenaTraffic;
  readonly #clock: Clock;
  readonly #holds = new Map<string, Hold>();
  readonly #baselines = new Map<string, Baseline>();

  constructor(o: { reader: ArenaReader; world: World; traffic: ArenaTraffic; clock: Clock }) {
    this.#reader = o.reader;
    this.#world = o.world;
    this.#traffic = o.traffic;
    this.#clock = o.clock;
  }

  baseline(uid: string): Baseline | undefined {
    return this.#baselines.get(uid);
  }

  remember(uid: string, baseline: Baseline): void {
    this.#baselines.set(uid, baseline);
  }

  forget(uid: string): void {
    this.#holds.delete(uid);
    this.#baselines.delete(uid);
  }

  snapshot(arena: string): ArenaSnapshot {
    return this.#reader.cached(this.#world.names(arena), this.#clock.now(), this.#traffic.start(arena));
  }

  /** One more look at the arena; moves the hold. Reads every object from the API server before a hold may end. */
  async look(incident: Incident, faults: readonly FaultStatus[]): Promise<HealthLook> {
    const uid = incident.metadata.uid as string;
    const arena = incident.status?.arena as string;
    const baseline = this.#baselines.get(uid) as Baseline;
    let snapshot = this.snapshot(arena);
    const seconds = holdSecondsFor(faults, snapshot, baseline, incident.spec.resolution?.holdSeconds);
    let oracle = assess(faults, snapshot, baseline);
    let hold = advance(this.#holds.get(uid) ?? NO_HOLD, oracle, seconds, snapshot.time);
    if (hold.needsFullCheck) {
      snapshot = await this.#complete(arena);
      oracle = assess(faults, snapshot, baseline);
      hold = advance(hold, oracle, seconds, snapshot.time);
    }
    this.#holds.set(uid, hold);
    this.#traffic.hurry(arena, oracle.verdict !== 'broken');
    return { snapshot, oracle, hold, holdSeconds: seconds };
  }

  /**
   * What an Episode needs to know of its Incident. A cached verdict other than broken says nothing about a write of a moment ago, and need not;
   * `broken` is read from the API server, so that an answer "still broken" includes all that was acknowledged before.
   */
  async verdict(incident: Incident, fresh: boolean): Promise<Health | undefined> {
    if (incident.status?.resolvedTime) return { verdict: 'resolved', readAt: this.#clock.now() };
    const uid = incident.metadata.uid as string;
    const baseline = this.#baselines.get(uid);
    const arena = incident.status?.arena;
    if (!baseline || !arena) return undefined;
    const faults = incident.status?.faults ?? [];
    const cached = assess(faults, this.snapshot(arena), baseline).verdict;
    if (cached !== 'broken' || !fresh) return { verdict: cached, readAt: new Date(0) };
    const readAt = this.#clock.now();
    const live = await this.#reader.live(this.#world.names(arena), readAt, this.#traffic.start(arena));
    return { verdict: assess(faults, live, baseline).verdict, readAt };
  }

  /** One complete look at an arena whose Incident is over: is it still healthy? */
  async again(incident: Incident): Promise<Health | undefined> {
    const baseline = this.#baselines.get(incident.metadata.uid as string);
    const arena = incident.status?.arena;
    if (!baseline || !arena) return undefined;
    const readAt = this.#clock.now();
    return { verdict: assess(incident.status?.faults ?? [], await this.#complete(arena), baseline).verdict, readAt };
  }

  async #complete(arena: string): Promise<ArenaSnapshot> {
    const names = this.#world.names(arena);
    const live = await this.#reader.live(names, this.#clock.now(), this.#traffic.start(arena));
    return this.#reader.complete(names, live);
  }
}
