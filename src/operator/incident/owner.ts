import type { Episode } from '../../api/episode.ts';
import type { Incident } from '../../api/incident.ts';
import type { World } from '../world.ts';

/** The Episode that made this Incident; undefined for an Incident of its own, and when the Episode is gone. */
export function episodeOf(incident: Incident, world: Pick<World, 'episodes'>): Episode | undefined {
  const owner = incident.metadata.ownerReferences?.find((r) => r.kind === 'Episode');
  if (!owner) return undefined;
  const episode = world.episodes.get({ namespace: incident.metadata.namespace as string, name: owner.name });
  return episode?.metadata.uid === owner.uid ? episode : undefined;
}

/** Somebody may still be typing in the arena, although the Incident itself is over. */
export function isPlayed(incident: Incident, world: Pick<World, 'episodes'>): boolean {
  const episode = episodeOf(incident, world);
  return episode !== undefined && episode.status?.outcome === undefined && !episode.metadata.deletionTimestamp;
}
