/** An arena of the sample app on the local node, made with plain kubectl, and its view: what the tests of the view play on. */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { GROUP } from '../../src/api/group.ts';
import { type ArenaView, createArenaView } from '../../src/gateway/view/arena-view.ts';
import { createUpstream } from '../../src/gateway/view/upstream.ts';
import type { ViewRequest } from '../../src/gateway/view/view-request.ts';
import { HUB_NAME, ViewHub } from '../../src/gateway/view-hub.ts';
import { type ArenaNames, realNamespace, toRealValue } from '../../src/kube/arena-names.ts';
import { arenaNamespace, guardObjects } from '../../src/operator/arena/guard.ts';
import { ensureShopCluster } from '../support/native-cluster.ts';

export interface Result {
  stdout: string;
  stderr: string;
  code: number | null;
  ms: number;
}

export type Kubectl = (args: string[], stdin?: string) => Promise<Result>;

export interface Arena {
  readonly names: ArenaNames;
  /** Token of its on-call ServiceAccount. */
  readonly token: string;
}

export interface World {
  readonly server: string;
  readonly ca: string;
  /** kubectl as cluster-admin. */
  readonly admin: Kubectl;
  /** kubectl as an arena's on-call, past the view. */
  direct(arena: Arena): Promise<Kubectl>;
  makeArena(options: { app: boolean }): Promise<Arena>;
  /** kubectl through a view of the arena, and how to reach that view without kubectl. */
  openView(arena: Arena): Promise<OpenView>;
  close(): Promise<void>;
}

export interface OpenView {
  readonly kubectl: Kubectl;
  readonly url: string;
  readonly ca: string;
  readonly sessionToken: string;
  readonly view: ArenaView;
  readonly requests: ViewRequest[];
  readonly failures: Error[];
}

const HOME = 'auth';
const PLAIN = ['auth', 'frontend', 'payments'];
const RENDERED = new URL('../../sample_app/rendered/default/current.yaml', import.meta.url);
const DEPLOY = ['arena-oncall.yaml', 'arena-guard-policy.yaml'].map(
  (file) => new URL(`../../deploy/base/${file}`, import.meta.url).pathname,
);

/** Uses the local cluster (starting it if need be), with RBAC and admission policies as deployed. */
export async function openWorld(): Promise<World> {
  const { kubeconfigPath: kubeconfig, kubectl: program } = await ensureShopCluster();
  const folder = await mkdtemp(join(tmpdir(), 'view-'));
  const config = parse(await readFile(kubeconfig, 'utf8')).clusters[0].cluster;
  const server: string = config.server;
  const ca = Buffer.from(config['certificate-authority-data'], 'base64').toString();
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })];
  const made: string[] = [];
  const run = (path: string): Kubectl => kubectlWith(program, folder, path);
  const admin = run(kubeconfig);

  await must(
    admin(['create', 'namespace', 'kube-sre-gym-system', '--dry-run=client', '-o', 'yaml']).then(({ stdout }) =>
      admin(['apply', '--server-side', '-f', '-'], stdout),
    ),
  );
  // Served by a program of its own, which a cluster that was just made has yet to start: discovery would change in the middle of a comparison.
  await must(admin(['wait', '--for=condition=Available', 'apiservice/v1beta1.metrics.k8s.io', '--timeout=150s']));
  await must(admin(['apply', '--server-side', '--force-conflicts', ...DEPLOY.flatMap((file) => ['-f', file])]));
  const nodes = await must(admin(['get', 'nodes', '-o', 'jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}']));
  const clusterToken = (
    await must(admin(['create', 'token', 'arena-cluster-reader', '-n', 'kube-sre-gym-system', '--duration=1h']))
  ).stdout.trim();
  const upstream = createUpstream({ server, ca });
  closers.push(() => upstream.close());

  const writeKubeconfig = async (content: string): Promise<string> => {
    const path = join(folder, `${randomBytes(6).toString('hex')}.kubeconfig`);
    await writeFile(path, content);
    return path;
  };

  return {
    server,
    ca,
    admin,
    async direct({ names, token }) {
      return run(await writeKubeconfig(kubeconfigOf({ server, ca, token, namespace: realNamespace('payments', names) })));
    },
    async makeArena({ app }) {
      const names: ArenaNames = { id: `v${randomBytes(5).toString('hex')}`, plain: PLAIN };
      const reals = PLAIN.map((plain) => realNamespace(plain, names));
      made.push(...reals);
      const cidrs = nodes.stdout
        .trim()
        .split(' ')
        .map((address) => `${address}/32`);
      const namespaces = PLAIN.map((plain) => arenaNamespace(realNamespace(plain, names), plain, `arena-${names.id}`));
      await must(admin(['create', '-f', '-'], list(namespaces)));
      const guards = reals.flatMap((real) => guardObjects(real, realNamespace(HOME, names), { namespaces: reals, nodeCidrs: cidrs }));
      // The namespace's own `default` ServiceAccount may be there already.
      await must(admin(['apply', '--server-side', '--force-conflicts', '-f', '-'], list(guards)));
      if (app) {
        const objects = parseAllDocuments(await readFile(RENDERED, 'utf8')).map((document) => toRealValue(document.toJS(), names));
        const inside = objects.filter((object) => (object as { kind: string }).kind !== 'Namespace');
        await must(admin(['create', '--field-manager=kubectl-client-side-apply', '-f', '-'], list(inside)));
        // Every replica: a Deployment is Available before its last one, and a pod that becomes Ready between two reads tells them apart.
        for (const real of reals) await must(admin(['rollout', 'status', 'deployments', '-n', real, '--timeout=150s']));
      }
      const token = (await must(admin(['create', 'token', 'oncall', '-n', realNamespace(HOME, names), '--duration=1h']))).stdout.trim();
      return { names, token };
    },
    async openView({ names, token }) {
      const sessionToken = randomBytes(24).toString('base64url');
      const requests: ViewRequest[] = [];
      const failures: Error[] = [];
      const view = createArenaView({
        upstream,
        arena: names,
        sessionToken,
        identityNamespace: HOME,
        token: async () => token,
        clusterToken: async () => clusterToken,
        hidden: { groups: [GROUP], managers: /gym/i },
        onRequest: (request) => requests.push(request),
        onUpstreamFailure: (error) => failures.push(error),
      });
      const hub = new ViewHub();
      await hub.listen({ host: '127.0.0.1', port: 0 });
      hub.add(sessionToken, view);
      closers.unshift(() => hub.close());
      const url = `https://127.0.0.1:${(hub.address as { port: number }).port}`;
      const path = await writeKubeconfig(
        kubeconfigOf({ server: url, serverName: HUB_NAME, ca: hub.ca, token: sessionToken, namespace: 'payments' }),
      );
      return { kubectl: run(path), url, ca: hub.ca, sessionToken, view, requests, failures };
    },
    async close() {
      if (made.length > 0) await admin(['delete', 'namespace', ...made, '--wait=false', '--now']);
      for (const close of closers) await close();
    },
  };
}

/** The result of a command that has to succeed. */
export async function must(result: Promise<Result>): Promise<Result> {
  const done = await result;
  if (done.code !== 0) throw new Error(`kubectl exited with ${done.code}: ${done.stderr}${done.stdout}`);
  return done;
}

function kubeconfigOf(o: { server: string; serverName?: string; ca: string; token: string; namespace: string }): string {
  const authority = { 'certificate-authority-data': Buffer.from(o.ca).toString('base64'), 'tls-server-name': o.serverName };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'production', cluster: { server: o.server, ...authority } }],
    users: [{ name: 'oncall', user: { token: o.token } }],
    contexts: [{ name: 'production', context: { cluster: 'production', user: 'oncall', namespace: o.namespace } }],
    'current-context': 'production',
  });
}

function list(items: unknown[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

function kubectlWith(program: string, folder: string, kubeconfig: string): Kubectl {
  return (args, stdin) =>
    new Promise((resolve, reject) => {
      const start = performance.now();
      const env = { PATH: process.env.PATH, HOME: folder, KUBECONFIG: kubeconfig };
      const child = spawn(program, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'], timeout: 170_000 });
      const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
      child.stdout.on('data', (chunk) => output.stdout.push(chunk));
      child.stderr.on('data', (chunk) => output.stderr.push(chunk));
      child.on('error', reject);
      child.stdin.on('error', () => {});
      child.stdin.end(stdin ?? '');
      child.on('close', (code) => {
        const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString();
        resolve({ stdout: text(output.stdout), stderr: text(output.stderr), code, ms: performance.now() - start });
      });
    });
}
