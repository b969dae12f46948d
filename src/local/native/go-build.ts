import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { must, run } from '../command.ts';
import { ClusterError, type Progress } from '../provider.ts';
import { VERSIONS } from './versions.ts';

/** A program that Go builds: from the sources beside this file, or straight from a published module. */
export interface GoProgram {
  name: string;
  /** `package`: one of a module that the folder's go.mod names; the folder's own by default. */
  from: { folder: string; package?: string } | { module: string; version: string };
  flags?: string[];
  ldflags?: string;
  /** Other names of the program, which chooses by the name that it is called by. */
  aliases?: string[];
  /** What a person waits for, measured on two cores with nothing cached. */
  roughly: string;
}

const SOURCES = join(import.meta.dirname, 'go');

export const KUBERNETES_PROGRAMS = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
  'kubeadm',
  'kubectl',
] as const;

const version = 'k8s.io/component-base/version';
const KUBERNETES_VERSION = `-X ${version}.gitVersion=v${VERSIONS.kubernetes} -X ${version}.gitMajor=1 -X ${version}.gitMinor=${VERSIONS.kubernetes.split('.')[1]}`;

export const GO_PROGRAMS: readonly GoProgram[] = [
  { name: 'nodeinit', from: { folder: 'nodeinit' }, roughly: '10 s' },
  {
    name: 'multicall',
    from: { folder: 'multicall' },
    flags: ['-tags', 'providerless'],
    ldflags: KUBERNETES_VERSION,
    aliases: [...KUBERNETES_PROGRAMS.filter((name) => name !== 'kubectl'), 'etcd'],
    roughly: '5 min',
  },
  // Apart from the others, because agents start it hundreds of times: a third of the size starts faster, and its errors read as everywhere.
  {
    name: 'kubectl',
    from: { folder: 'multicall', package: 'k8s.io/kubernetes/cmd/kubectl' },
    ldflags: KUBERNETES_VERSION,
    roughly: '20 s',
  },
  { name: 'netpold', from: { folder: 'netpold' }, roughly: '1 min' },
  { name: 'crane', from: { module: 'github.com/google/go-containerregistry/cmd/crane', version: VERSIONS.crane }, roughly: '10 s' },
  { name: 'coredns', from: { module: 'github.com/coredns/coredns', version: VERSIONS.coredns }, roughly: '1 min' },
  {
    name: 'metrics-server',
    from: { module: 'sigs.k8s.io/metrics-server/cmd/metrics-server', version: VERSIONS.metricsServer },
    roughly: '2 min',
  },
  { name: 'helm', from: { module: 'helm.sh/helm/v3/cmd/helm', version: VERSIONS.helm }, roughly: '1 min' },
];

/** A digest of everything that decides what the build makes: equal keys, equal program. */
export async function buildKey(program: GoProgram): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(program));
  if ('folder' in program.from) {
    const folder = join(SOURCES, program.from.folder);
    for (const file of (await readdir(folder)).sort()) hash.update(`\0${file}\0`).update(await readFile(join(folder, file)));
  }
  return hash.digest('hex');
}

/** Throws ClusterError, with what to do, unless a Go compiler that is new enough is here. */
export async function requireGo(): Promise<void> {
  const advice =
    'install Go 1.25 or newer (https://go.dev/dl/), or use a cluster that you have: gymctl cluster up --provider context (or kind, where Docker is)';
  let text: string;
  try {
    text = (await run('go', ['env', 'GOVERSION'])).stdout.trim();
  } catch {
    throw new ClusterError(`The native cluster is compiled on this machine once, and there is no Go: ${advice}`);
  }
  const [, major, minor] = text.match(/^go(\d+)\.(\d+)/) ?? [];
  if (Number(major) < 1 || (Number(major) === 1 && Number(minor) < 25))
    throw new ClusterError(`${text} is too old to compile Kubernetes: ${advice}`);
}

/** Compiles one program into `binDir`, replacing what is there only when it succeeded. */
export async function goBuild(program: GoProgram, binDir: string, progress: Progress, signal?: AbortSignal): Promise<void> {
  await mkdir(binDir, { recursive: true });
  const began = Date.now();
  progress(`Compiling ${program.name} (about ${program.roughly} when nothing is cached)`);
  const tick = setInterval(() => progress(`Still compiling ${program.name}: ${Math.round((Date.now() - began) / 1000)} s`), 20_000);
  const scratch = join(binDir, `.build-${process.pid}`);
  const common = [
    '-trimpath',
    '-buildvcs=false',
    '-ldflags',
    ['-s -w', program.ldflags].filter(Boolean).join(' '),
    ...(program.flags ?? []),
  ];
  // `go install` refuses GOBIN for a foreign architecture; nothing here builds for one.
  const env = { CGO_ENABLED: '0', GOFLAGS: '', GOBIN: scratch, GOWORK: 'off' };
  try {
    if ('folder' in program.from) {
      await must('go', ['build', ...common, '-o', join(scratch, program.name), program.from.package ?? '.'], {
        cwd: join(SOURCES, program.from.folder),
        env,
        signal,
      });
    } else {
      await must('go', ['install', ...common, `${program.from.module}@v${program.from.version}`], { env, signal });
    }
    await rename(join(scratch, program.name), join(binDir, program.name));
  } finally {
    clearInterval(tick);
    await rm(scratch, { recursive: true, force: true });
  }
  progress(`Compiled ${program.name} in ${Math.round((Date.now() - began) / 1000)} s`);
}
