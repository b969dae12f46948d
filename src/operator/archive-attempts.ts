import type { Episode } from '../api/episode.ts';
import type { ArchiveSink } from './archive.ts';

/** With the work queue's waits between them (5 ms, doubling), all within ten seconds: the agent's last frame waits for the end of its Episode. */
const ATTEMPTS = 12;

/**
 * An archive that cannot hold up the end of an Episode: append rejects until it has failed `attempts` times for the Episode, so that its caller tries
 * again, and settles from then on, archived or not. `onLost` is told once for each Episode that it settled without, with the last error.
 */
export function withAttempts(archive: ArchiveSink, onLost: (episode: Episode, error: Error) => void, attempts = ATTEMPTS): ArchiveSink {
  const failures = new Map<string | undefined, number>();
  return {
    async append(finished) {
      const { uid } = finished.episode.metadata;
      try {
        await archive.append(finished);
        failures.delete(uid);
      } catch (error) {
        const count = (failures.get(uid) ?? 0) + 1;
        failures.set(uid, count);
        if (count < attempts) throw error;
        if (count === attempts) onLost(finished.episode, error as Error);
      }
    },
  };
}
