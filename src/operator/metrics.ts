import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Episode } from '../api/episode.ts';
import type { Incident } from '../api/incident.ts';
import { DESIGN_OUTCOMES, type DesignOutcome, OUTCOMES } from '../api/reasons.ts';
import { FAULT_TYPES } from '../faults/index.ts';
import { phaseOfArena } from './arena/plan.ts';
import type { World } from './world.ts';

/** What the gym itself is judged by, beside controller-runtime's metrics. Fault types are labels, so no arena may reach this port. */
export class GymMetrics {
  readonly #episodes: Counter<'outcome' | 'fault'>;
  readonly #unarchived: Counter;
  readonly #designs: Counter<'outcome'>;
  readonly #timeToSymptom: Histogram<'fault'>;
  readonly #timeToResolve: Histogram<'fault'>;

  constructor(registry: Registry, world: () => World | undefined) {
    const registers = [registry];
    this.#episodes = new Counter({
      name: 'gym_episodes_total',
      help: 'Finished episodes by outcome and fault types',
      labelNames: ['outcome', 'fault'],
      registers,
    });
    for (const outcome of OUTCOMES) for (const fault of FAULT_TYPES) this.#episodes.inc({ outcome, fault }, 0);
    this.#unarchived = new Counter({
      name: 'gym_episodes_unarchived_total',
      help: 'Episodes that ended without their line in the archive, which could not be written: their transcripts are lost',
      registers,
    });
    this.#designs = new Counter({
      name: 'gym_designs_total',
      help: 'Designs of incidents by an LLM, by what became of them; only proven ones are used',
      labelNames: ['outcome'],
      registers,
    });
    for (const outcome of DESIGN_OUTCOMES) this.#designs.inc({ outcome }, 0);
    const buckets = [0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60];
    this.#timeToSymptom = new Histogram({
      name: 'gym_time_to_symptom_seconds',
      help: 'From injection until users are hurt',
      labelNames: ['fault'],
      buckets,
      registers,
    });
    this.#timeToResolve = new Histogram({
      name: 'gym_time_to_resolve_seconds',
      help: 'From the symptom until the incident is resolved',
      labelNames: ['fault'],
      buckets: [5, 10, 20, 40, 60, 120, 300, 600, 1800],
      registers,
    });
    new Gauge({
      name: 'gym_arenas',
      help: 'Arenas by phase',
      labelNames: ['phase'],
      registers,
      collect() {
        for (const phase of ['Creating', 'Ready', 'Claimed', 'Terminating', 'Stuck']) this.set({ phase }, 0);
        for (const arena of world()?.arenas.list() ?? []) this.inc({ phase: phaseOfArena(arena) });
      },
    });
  }

  incident(after: Incident, before: Incident): void {
    const fault = faultLabel(after.status?.faults ?? []);
    const { symptomTime, resolvedTime, faults } = after.status ?? {};
    const injected = faults?.find((f) => f.injectedTime)?.injectedTime;
    if (symptomTime && !before.status?.symptomTime && injected) {
      this.#timeToSymptom.observe({ fault }, secondsBetween(injected, symptomTime));
    }
    if (resolvedTime && !before.status?.resolvedTime && symptomTime) {
      this.#timeToResolve.observe({ fault }, secondsBetween(symptomTime, resolvedTime));
    }
  }

  unarchived(): void {
    this.#unarchived.inc();
  }

  design(outcome: DesignOutcome): void {
    this.#designs.inc({ outcome });
  }

  episode(episode: Episode, incident: Incident | undefined): void {
    const faults = incident?.status?.faults ?? episode.spec.incident?.faults ?? [];
    this.#episodes.inc({ outcome: episode.status?.outcome ?? 'InfrastructureFailed', fault: faultLabel(faults) });
  }
}

const faultLabel = (faults: readonly { type: string }[]): string =>
  faults.length
    ? faults
        .map((f) => f.type)
        .sort()
        .join('+')
    : 'none';
const secondsBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;
