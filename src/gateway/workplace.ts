import { randomBytes } from 'node:crypto';
import { GROUP } from '../api/group.ts';
import type { ArenaNames } from '../kube/arena-names.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { Logger } from '../kube/logger.ts';
import { ONCALL } from '../operator/arena/guard.ts';
import type { Workplace, WorkplaceFactory, WorkResult } from './episode-client.ts';
import { tokenSource } from './oncall-token.ts';
import { sessionKubeconfig } from './runner/kubeconfig.ts';
import { type KubectlRunner, RunnerLostError } from './runner/kubectl-runner.ts';
import { type AgentShell, createShell } from './shell/shell.ts';
import { createArenaView } from './view/arena-view.ts';
import type { Upstream } from './view/upstream.ts';
import { HUB_NAME, type ViewHub } from './view-hub.ts';

export interface WorkplaceDependencies {
  client: KubeClient;
  upstream: Upstream;
  hub: ViewHub;
  /** Token that may read what the view shows of the cluster itself. */
  clusterToken: () => Promise<string>;
  /** Gets a place where nothing is worth reading, with kubectl in it. */
  startRunner: (kubeconfig: string) => Promise<KubectlRunner>;
  clock: Clock;
  log: Logger;
}

/** What no agent may see of the gym, wherever it looks. */
const HIDDEN = { groups: [GROUP], managers: /kube-sre-gym/ };

/** Opens agent shells on arenas: a view with a token of its own, a runner, and the shell over both. */
export class ArenaWorkplaces implements WorkplaceFactory {
  readonly #deps: WorkplaceDependencies;

  constructor(deps: WorkplaceDependencies) {
    this.#deps = deps;
  }

  async open(namespaces: Record<string, string>): Promise<Workplace> {
    const { client, upstream, hub, clusterToken, startRunner, clock, log } = this.#deps;
    const arena = arenaOf(namespaces);
    const home = arena.plain[0];
    const sessionToken = randomBytes(32).toString('base64url');
    const seen: Seen = { mutating: 0 };
    const view = createArenaView({
      upstream,
      arena,
      token: tokenSource({ client, clock, namespace: namespaces[home], serviceAccount: ONCALL }),
      clusterToken,
      sessionToken,
      hidden: HIDDEN,
      identityNamespace: home,
      onRequest: (request) => {
        if (request.mutating && request.status < 400) seen.mutating++;
      },
      onUpstreamFailure: (error) => {
        seen.failure = error.message;
        log.warn({ err: error, arena: arena.id }, 'The API server failed an arena view');
      },
    });
    hub.add(sessionToken, view);
    try {
      const kubeconfig = sessionKubeconfig({ token: sessionToken, caPem: hub.ca, serverName: HUB_NAME, namespace: 'default' });
      const runner = await startRunner(kubeconfig);
      return new ShellWorkplace(runner, seen, () => hub.remove(sessionToken));
    } catch (error) {
      hub.remove(sessionToken);
      throw error;
    }
  }
}

interface Seen {
  /** Requests so far that changed something. */
  mutating: number;
  /** The API server failed since the last line. */
  failure?: string;
}

class ShellWorkplace implements Workplace {
  readonly #runner: KubectlRunner;
  readonly #shell: AgentShell;
  readonly #seen: Seen;
  readonly #removeView: () => void;
  /** kubectl calls that changed something; one call that changes five objects is one. */
  #mutations = 0;

  constructor(runner: KubectlRunner, seen: Seen, removeView: () => void) {
    this.#runner = runner;
    this.#seen = seen;
    this.#removeView = removeView;
    this.#shell = createShell({
      runner: {
        run: async (request) => {
          const before = seen.mutating;
          try {
            return await runner.run(request);
          } finally {
            if (seen.mutating > before) this.#mutations++;
          }
        },
        close: () => runner.close(),
      },
    });
  }

  async run(line: string): Promise<WorkResult> {
    const before = this.#mutations;
    this.#seen.failure = undefined;
    try {
      const result = await this.#shell.exec(line);
      return {
        output: [result.stdout, result.stderr].filter(Boolean).join(result.stdout.endsWith('\n') ? '' : '\n'),
        exitCode: result.exitCode,
        durationMs: Math.round(result.durationMs),
        mutations: this.#mutations - before,
        ...(result.report ? { report: result.report } : {}),
        ...(this.#seen.failure ? { infrastructure: this.#seen.failure } : {}),
      };
    } catch (error) {
      if (!(error instanceof RunnerLostError)) throw error;
      return { output: '', exitCode: 1, durationMs: 0, mutations: this.#mutations - before, infrastructure: error.message };
    }
  }

  async close(): Promise<void> {
    this.#removeView();
    await this.#runner.close();
  }
}

/** Names of an arena from its plain-to-real map; throws when they do not share one suffix. */
export function arenaOf(namespaces: Record<string, string>): ArenaNames {
  const entries = Object.entries(namespaces);
  const ids = new Set(entries.map(([plain, real]) => (real.startsWith(`${plain}-`) ? real.slice(plain.length + 1) : '')));
  const [id] = ids;
  if (ids.size !== 1 || !id) throw new Error(`These are not the namespaces of one arena: ${entries.map((e) => e.join('=')).join(', ')}`);
  return { id, plain: entries.map(([plain]) => plain).sort() };
}
