import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Arena } from '../../src/api/arena.ts';
import { isTrue } from '../../src/api/conditions.ts';
import type { Episode } from '../../src/api/episode.ts';
import { ARENA_LABEL, GYM_NAMESPACE } from '../../src/api/group.ts';
import type { Incident } from '../../src/api/incident.ts';
import { ConditionType } from '../../src/api/reasons.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { type Resource, Resources } from '../../src/kube/resource.ts';
import type { KubeObject, Namespace } from '../../src/kube/types.ts';
import { cacheDir, cachedProgram } from '../../src/local/cache.ts';
import { type CommandResult, run } from '../../src/local/command.ts';
import { buildImages } from '../../src/local/images/build.ts';
import { lock } from '../../src/local/lock.ts';
import { NativeCluster } from '../../src/local/native/native.ts';
import { isFinished } from '../../src/operator/incident/plan.ts';
import { Agent } from './agent.ts';
import { GymProcess } from './gym-process.ts';

/** Not the cluster that other end-to-end tests share: an operator of theirs would lead there, or see arenas that are not its own. */
export const GYM_CLUSTER = 'e2e';
/** A copy of the app needs seconds on an idle machine; several at once, on a busy one, minutes. */
const ARENA_TIMEOUT_MS = 240_000;

export interface GymOptions {
  /** Name of the native cluster; made when it is not there. */
  cluster?: string;
  /** Copies of the app that are kept ready, and in all. */
  spare: number;
  max: number;
  /** Agents at once. */
  sessions?: number;
  /** Of the gateway; any free one by default. */
  port?: number;
  /** What both processes find in their environment. */
  env?: NodeJS.ProcessEnv;
}

/** Operator and gateway from source on a native cluster of their own, and eyes on what they do. */
export class Gym {
  readonly options: GymOptions;
  readonly cluster: NativeCluster;
  readonly kubeconfig: string;
  readonly client: KubeClient;
  readonly folder: string;
  readonly episodes: Reflector<Episode>;
  readonly incidents: Reflector<Incident>;
  readonly arenas: Reflector<Arena>;
  readonly namespaces: Reflector<Namespace>;
  readonly #release: () => Promise<void>;
  #operator: GymProcess | undefined;
  #gateway: GymProcess | undefined;
  #url = '';

  constructor(o: { options: GymOptions; cluster: NativeCluster; kubeconfig: string; folder: string; release: () => Promise<void> }) {
    this.options = o.options;
    this.cluster = o.cluster;
    this.kubeconfig = o.kubeconfig;
    this.folder = o.folder;
    this.#release = o.release;
    this.client = new KubeClient(loadKubeConfig({ path: o.kubeconfig }));
    const watch = <T extends KubeObject>(resource: Resource<T>, namespace?: string) =>
      new Reflector<T>({ client: this.client, resource, ...(namespace ? { namespace } : {}) });
    this.episodes = watch(Resources.episodes, GYM_NAMESPACE);
    this.incidents = watch(Resources.incidents, GYM_NAMESPACE);
    this.arenas = watch(Resources.arenas, GYM_NAMESPACE);
    this.namespaces = watch(Resources.namespaces);
  }

  /** Of the gateway that runs now. */
  get url(): string {
    return this.#url;
  }

  get operator(): GymProcess {
    return running(this.#operator);
  }

  get gateway(): GymProcess {
    return running(this.#gateway);
  }

  /** JSON lines of finished episodes. */
  get archiveFile(): string {
    return join(this.folder, 'episodes.jsonl');
  }

  /** Begins to watch; the operator must have installed the kinds. */
  async watch(): Promise<void> {
    const all = [this.episodes, this.incidents, this.arenas, this.namespaces];
    for (const reflector of all) reflector.start();
    await Promise.all(all.map((reflector) => reflector.waitForSync(AbortSignal.timeout(30_000))));
  }

  /** Starts an operator where none runs; does not wait. `pool` overrides what the gym was started with. */
  spawnOperator(o: { env?: NodeJS.ProcessEnv; pool?: { spare: number; max: number } } = {}): GymProcess {
    const { spare, max } = o.pool ?? this.options;
    const pool = ['--spare-arenas', String(spare), '--max-arenas', String(max)];
    const ports = ['--health-port', '0', '--metrics-port', '0'];
    // Its name stays, as a pod's does: who is started again need not wait until its own lease has run out.
    const args = ['--kubeconfig', this.kubeconfig, ...pool, '--archive', this.archiveFile, ...ports, '--identity', 'test-gym'];
    this.#operator = new GymProcess('operator', args, join(this.folder, 'operator.log'), { ...this.options.env, ...o.env });
    return this.#operator;
  }

  /** Starts a gateway where none runs; does not wait. */
  spawnGateway(o: { env?: NodeJS.ProcessEnv } = {}): GymProcess {
    const { sessions = 8, port = 0 } = this.options;
    const args = ['--kubeconfig', this.kubeconfig, '--port', String(port), '--max-sessions', String(sessions)];
    const ports = ['--health-port', '0', '--metrics-port', '0'];
    const gateway = new GymProcess('gateway', [...args, ...ports], join(this.folder, 'gateway.log'), { ...this.options.env, ...o.env });
    this.#gateway = gateway;
    gateway.started.then(
      (line) => {
        if (this.#gateway === gateway) this.#url = String(line.url);
      },
      () => {},
    );
    return gateway;
  }

  connect(): Promise<Agent> {
    return Agent.connect(this.#url);
  }

  /** kubectl as an administrator, past every wall. */
  kubectl(args: readonly string[], stdin?: string): Promise<CommandResult> {
    return run(cachedProgram('kubectl'), ['--kubeconfig', this.kubeconfig, ...args], {
      timeoutMs: 120_000,
      ...(stdin === undefined ? {} : { stdin }),
    });
  }

  /** As kubectl, but fails with what kubectl said. */
  async must(args: readonly string[], stdin?: string): Promise<string> {
    const result = await this.kubectl(args, stdin);
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')} exited with ${result.code}: ${result.stderr}`);
    return result.stdout;
  }

  /** Resolves with the Incident once `reached` holds; rejects with what it looked like last. */
  untilIncident(name: string, reached: (incident: Incident) => boolean, what: string, timeoutMs: number): Promise<Incident> {
    return until(this.incidents, name, reached, what, timeoutMs);
  }

  untilEpisode(name: string, reached: (episode: Episode) => boolean, what: string, timeoutMs: number): Promise<Episode> {
    return until(this.episodes, name, reached, what, timeoutMs);
  }

  /** Resolves when `count` unclaimed copies of the app are ready. */
  async untilReady(count: number): Promise<void> {
    const free = () => this.arenas.list().filter((a) => !a.metadata.deletionTimestamp && !a.spec.claimRef && isReady(a)).length;
    await this.arenas
      .waitFor(() => free() >= count, AbortSignal.timeout(ARENA_TIMEOUT_MS))
      .catch((error) => {
        const seen = this.arenas.list().map((a) => `${a.metadata.name} ${a.status?.phase}: ${a.status?.conditions?.[0]?.message}`);
        throw new Error(`Not ${count} arenas ready within ${ARENA_TIMEOUT_MS / 1000} s: ${seen.join('; ')} (logs in ${this.folder})`, {
          cause: error,
        });
      });
  }

  /** Resolves when neither the Arena nor any namespace of it is left. */
  async untilArenaGone(arena: string, timeoutMs: number): Promise<void> {
    const limit = AbortSignal.timeout(timeoutMs);
    const left = () => this.namespaces.list().filter((ns) => ns.metadata.labels?.[ARENA_LABEL] === arena);
    const found = () => this.arenas.get({ namespace: GYM_NAMESPACE, name: arena });
    try {
      await this.arenas.waitFor(() => !found(), limit);
      await this.namespaces.waitFor(() => left().length === 0, limit);
    } catch (error) {
      const names = left().map((ns) => ns.metadata.name);
      throw new Error(`${arena} is still there after ${timeoutMs / 1000} s: ${JSON.stringify(found()?.status)} ${names.join(', ')}`, {
        cause: error,
      });
    }
  }

  /** The Episode that the gateway made for this seed. */
  episodeOfSeed(seed: number): Episode | undefined {
    return this.episodes.list().find((e) => e.spec.seed === seed);
  }

  /** Everything that is not final, or still holds an arena, among these Episodes. */
  unfinished(episodes: readonly Episode[]): string[] {
    const open = episodes.filter((e) => !e.status?.outcome).map((e) => `Episode ${e.metadata.name} has no outcome`);
    const uids = new Set(episodes.map((e) => e.metadata.uid));
    const owned = this.incidents.list().filter((i) => i.metadata.ownerReferences?.some((r) => uids.has(r.uid)));
    const running = owned.filter((i) => !isFinished(i)).map((i) => `Incident ${i.metadata.name} is ${i.status?.phase}`);
    const names = new Set(owned.map((i) => i.metadata.uid));
    const held = this.arenas.list().filter((a) => a.spec.claimRef && names.has(a.spec.claimRef.uid));
    return [...open, ...running, ...held.map((a) => `${a.metadata.name} is still ${a.status?.phase}`)];
  }

  /** Records of the archive by Episode uid. */
  async archived(): Promise<Map<string, { status: { outcome?: string } }>> {
    const text = await readFile(this.archiveFile, 'utf8');
    const records = text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { uid: string; status: { outcome?: string } });
    return new Map(records.map((record) => [record.uid, record]));
  }

  /** Removes what this gym made in the cluster, ends both processes, all watches and the cluster: an idle one still costs its share of two cores. */
  async stop(): Promise<void> {
    await this.#gateway?.stop();
    if (this.#operator && !this.#operator.exit) await this.drain();
    await this.#operator?.stop();
    await Promise.all([this.episodes, this.incidents, this.arenas, this.namespaces].map((reflector) => reflector.stop()));
    await this.client.close();
    await this.cluster.down();
    await rm(this.folder, { recursive: true, force: true });
    await this.#release();
  }

  /** Removes every episode, incident and arena. The operator alone can end arenas in good order, so it is made one that wants none. */
  async drain(): Promise<void> {
    await this.operator.stop();
    await this.must(['delete', 'episodes,incidents', '--all', '-n', GYM_NAMESPACE, '--wait=false']);
    await this.spawnOperator({ pool: { spare: 0, max: 0 } }).started;
    await this.must(['delete', 'arenas', '--all', '-n', GYM_NAMESPACE, '--wait=false']);
    await this.arenas
      .waitFor(() => this.arenas.size === 0 && this.incidents.size === 0, AbortSignal.timeout(120_000))
      .catch(() => {
        const left = [...this.arenas.list(), ...this.incidents.list()].map(({ metadata, status }) => JSON.stringify({ metadata, status }));
        throw new Error(`Arenas or Incidents remain after the gym was stopped: ${left.join(', ')}`);
      });
  }
}

/**
 * Brings up a cluster with the app's images, an operator and a gateway, and resolves when the gateway serves and at least one arena is ready
 * (with `spare` 0: at once). Only one gym of a cluster name runs at a time; a second waits for the first.
 */
export async function startGym(options: GymOptions): Promise<Gym> {
  const name = options.cluster ?? GYM_CLUSTER;
  const release = await lock(`test/gym/${name}`);
  const cluster = new NativeCluster(name, cacheDir(), say);
  const folder = await mkdtemp(join(tmpdir(), 'gym-'));
  let gym: Gym | undefined;
  try {
    const built = await buildImages({ which: ['shop'], onProgress: say });
    const kubeconfig = await cluster.up();
    await cluster.loadImage([...new Set(built.map((image) => image.tar))]);
    gym = new Gym({ options, cluster, kubeconfig, folder, release });
    await gym.spawnOperator().started;
    await gym.watch();
    // A run that was killed could not tidy up.
    if (gym.arenas.list().some((a) => a.spec.claimRef) || gym.episodes.size + gym.incidents.size > 0) {
      await gym.drain();
      await gym.operator.stop();
      await gym.spawnOperator().started;
    }
    await gym.spawnGateway().started;
    if (options.spare > 0) await gym.untilReady(1);
    return gym;
  } catch (error) {
    if (gym) await gym.stop().catch(() => {});
    else await release();
    throw error;
  }
}

/** Past jest, which adds a stack to every line of a console. */
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const isReady = (arena: Arena): boolean => isTrue(arena.status?.conditions, ConditionType.Ready);

function running(process: GymProcess | undefined): GymProcess {
  if (!process) throw new Error('It was never started');
  return process;
}

async function until<T extends KubeObject>(
  reflector: Reflector<T>,
  name: string,
  reached: (object: T) => boolean,
  what: string,
  timeoutMs: number,
): Promise<T> {
  const seen = () => reflector.get({ namespace: GYM_NAMESPACE, name });
  const probe = () => {
    const object = seen();
    return object && reached(object) ? object : undefined;
  };
  try {
    return await reflector.waitFor(probe, AbortSignal.timeout(timeoutMs));
  } catch (error) {
    const status = JSON.stringify((seen() as { status?: unknown } | undefined)?.status);
    throw new Error(`${name}: not within ${timeoutMs / 1000} s: ${what}; last: ${status?.slice(0, 3000)}`, { cause: error });
  }
}
