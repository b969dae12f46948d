/** A write of the process that a test ends it at. */
export interface KillPoint {
  when: 'before' | 'after';
  /** 1 is the first write. */
  write: number;
}

/**
 * Reads KSG_KILL_AT=before:N|after:N, which ends the process (SIGKILL, so nothing is cleaned up) right before write N is sent or right
 * after its answer arrived. Only with NODE_ENV=test. Throws on anything else in it.
 */
export function killPointFromEnv(env: Record<string, string | undefined>): KillPoint | undefined {
  if (env.NODE_ENV !== 'test' || !env.KSG_KILL_AT) return undefined;
  const match = /^(before|after):([1-9]\d*)$/.exec(env.KSG_KILL_AT);
  if (!match) throw new Error(`KSG_KILL_AT must be before:N or after:N with N from 1, not ${env.KSG_KILL_AT}`);
  return { when: match[1] as KillPoint['when'], write: Number(match[2]) };
}

const killSelf = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
};

/** Numbers the writes of a process 1, 2, 3, …, in the order in which they were begun. */
export class WriteCounter {
  #count = 0;
  readonly #killPoint: KillPoint | undefined;
  readonly #kill: () => Promise<never>;

  constructor(killPoint?: KillPoint, kill: () => Promise<never> = killSelf) {
    this.#killPoint = killPoint;
    this.#kill = kill;
  }

  /** Writes begun so far. */
  get count(): number {
    return this.#count;
  }

  /** Sends one write; `send` gets its number. */
  async run<T>(send: (write: number) => Promise<T>): Promise<T> {
    const write = ++this.#count;
    if (this.#is('before', write)) await this.#kill();
    try {
      return await send(write);
    } finally {
      if (this.#is('after', write)) await this.#kill();
    }
  }

  #is(when: KillPoint['when'], write: number): boolean {
    return this.#killPoint?.when === when && this.#killPoint.write === write;
  }
}

/** The writes of this process, over all its clients. */
export const processWrites = new WriteCounter(killPointFromEnv(process.env));
