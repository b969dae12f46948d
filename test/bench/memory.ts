import type { Gym } from './gym.ts';
import { round } from './stats.ts';
import type { GymWatch } from './watches.ts';

const TARGET_MB = 256;
/** The promise is for so many arenas. */
const TARGET_ARENAS = 16;
const EVERY_MS = 1000;
const MB = 1e6;

interface Sample {
  arenas: number;
  operator_mb: number;
  gateway_mb: number;
}

/** Follows the resident memory of both processes, and how many arenas there were, from now until the report. */
export class MemoryWatch {
  readonly #samples: Sample[] = [];
  readonly #gym: Gym;
  readonly #watch: GymWatch;
  readonly #timer: NodeJS.Timeout;

  constructor(gym: Gym, watch: GymWatch) {
    this.#gym = gym;
    this.#watch = watch;
    this.#timer = setInterval(() => void this.#sample(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The most that each process held while there were 16 arenas or more, or in all where there never were. */
  report(): object {
    if (this.#samples.length === 0) throw new Error('The metrics of operator and gateway could not be read');
    const full = this.#samples.filter((s) => s.arenas >= TARGET_ARENAS);
    const counted = full.length ? full : this.#samples;
    const most = (key: keyof Sample): number => round(Math.max(...counted.map((s) => s[key])), 0);
    const [operator_mb, gateway_mb, arenas] = [most('operator_mb'), most('gateway_mb'), most('arenas')];
    const met = full.length ? Math.max(operator_mb, gateway_mb) <= TARGET_MB : null;
    return { target: TARGET_MB, met, operator_mb, gateway_mb, arenas, samples: counted.length };
  }

  async #sample(): Promise<void> {
    const { operator, gateway } = this.#gym.metrics;
    const [operator_mb, gateway_mb] = await Promise.all([residentMb(operator), residentMb(gateway)]);
    if (operator_mb === undefined || gateway_mb === undefined) return;
    this.#samples.push({ arenas: this.#watch.arenas, operator_mb, gateway_mb });
  }
}

/** Undefined when the process does not answer now. */
async function residentMb(url: string): Promise<number | undefined> {
  try {
    const text = await (await fetch(url, { signal: AbortSignal.timeout(5000) })).text();
    const bytes = /^process_resident_memory_bytes (\S+)/m.exec(text)?.[1];
    return bytes === undefined ? undefined : Number(bytes) / MB;
  } catch {
    return undefined;
  }
}
