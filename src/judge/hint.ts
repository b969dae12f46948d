import { type Facts, isCloseLook, isOverview, type ReadLine, related, tellsOfCluster } from './facts.ts';

/** A row of a list that kubectl printed, of something that is not in order. */
interface Ailing {
  readonly name: string;
  readonly namespace?: string;
  /** As kubectl wrote it: `CrashLoopBackOff`, or `0/1`. */
  readonly state: string;
}

// [namespace] name ready/wanted [status]: pods have a status, Deployments a number there.
const ROW = /^(?:(\S+) +)?(\S+) +(\d+)\/(\d+)(?: +(\S+))?/;
const DONE = new Set(['Completed', 'Terminating']);

/**
 * The next thing a mentor would point a junior at, in order of on-call work. It knows the lines typed and what kubectl printed for them, not
 * the cluster, so it can only point at what is on the junior's screen. Undefined when there is nothing to say.
 */
export function hintOf({ line, history, looksBefore, reads, changedBefore }: Facts): string | undefined {
  if (line.parsed.syntaxError || line.failed) return 'Read the error: it says what is wrong with the line.';
  if (line.mutations > 0) return 'Look at what your change did before you change more.';
  const lines = [...history, line].filter((it) => !it.failed);
  if (!lines.some(({ parsed }) => parsed.kubectl.some(isOverview))) return 'Get an overview first: kubectl get pods -A';
  const looks = [...looksBefore, ...reads.filter(isCloseLook)].flatMap(({ targets }) => targets.flatMap(({ name }) => name ?? []));
  const ailing = ailingIn(lines);
  const next = ailing.find(({ name }) => !looks.some((looked) => related(looked, name)));
  if (next) {
    const where = next.namespace ? ` in ${next.namespace}` : '';
    return `${next.name}${where} shows ${next.state}: describe it, and read its events.`;
  }
  if (ailing.length === 0) return undefined;
  return changedBefore.length > 0
    ? 'Something is still not in order: ask whether it is what you changed, or another thing.'
    : 'You have looked at what is not in order: decide what its events and settings say, and change that one thing.';
}

/** What the last list that kubectl printed shows as not in order. */
function ailingIn(lines: readonly ReadLine[]): Ailing[] {
  const list = lines.findLast((it) => tellsOfCluster(it) && it.output.includes(' READY ') && /^\S.* READY /m.test(it.output));
  return (list?.output ?? '').split('\n').flatMap((row) => {
    const [, namespace, name, ready, wanted, status = ''] = ROW.exec(row) ?? [];
    if (name === undefined) return [];
    const word = /^[A-Z]/.test(status) ? status : undefined;
    if (word && DONE.has(word)) return [];
    const running = word === undefined || word === 'Running';
    const well = running && ready === wanted && wanted !== '0';
    const state = running ? `${ready}/${wanted}` : word;
    return well ? [] : [{ name, state, ...(namespace ? { namespace } : {}) }];
  });
}
