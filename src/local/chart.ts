import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { must } from './command.ts';
import { PACKAGE_ROOT } from './images/paths.ts';
import { ClusterError } from './provider.ts';

export const CHART = join(PACKAGE_ROOT, 'helm/kube-sre-gym');
const RELEASE = 'gym';
const NAMESPACE = 'kube-sre-gym-system';
/** helm's note on each of the chart's links to deploy/base and crds. */
const LINK_NOTE = /^walk\.go:\d+: found symbolic link/;

/** Values that an installation sets; the rest is as in the chart's values.yaml. */
export interface ChartValues {
  image: { id: string; registry?: string };
}

/** Values for images that were loaded into the cluster from `archives`, or that it pulls from `registry`. */
export const chartValues = (archives: readonly string[], registry?: string): ChartValues => ({
  image: { id: archives.map((archive) => basename(archive)).join(' '), ...(registry ? { registry } : {}) },
});

/** helm's command lines; values are read from standard input. */
export const helmCommands = {
  install: (kubeconfig: string) => [
    ...['upgrade', RELEASE, CHART, '--install', '--namespace', NAMESPACE, '--create-namespace'],
    // What an operator from source or `kubectl apply -k deploy/base` left behind is the same objects.
    '--take-ownership',
    ...['--history-max', '3', '--values', '-', '--kubeconfig', kubeconfig],
  ],
  uninstall: (kubeconfig: string) => [
    ...['uninstall', RELEASE, '--namespace', NAMESPACE, '--ignore-not-found', '--wait', '--kubeconfig', kubeconfig],
  ],
};

/**
 * Installs the chart or brings it up to date. It is not to be killed half-way, for helm would take the release to be in the making ever after.
 * Throws ClusterError with helm's words.
 */
export async function installChart(o: { helm: string; kubeconfig: string; values: ChartValues }): Promise<void> {
  try {
    await helm(o.helm, helmCommands.install(o.kubeconfig), JSON.stringify(o.values));
  } catch (error) {
    if (error instanceof ClusterError && /another operation .* is in progress/.test(error.message))
      error.message += '\nIf no other gymctl or helm runs, one was killed: run gymctl down, then gymctl up';
    throw error;
  }
}

/** Ends all incidents, then removes what the chart installed, apart from the kinds. */
export async function uninstallChart(o: { helm: string; kubeconfig: string }): Promise<void> {
  await helm(o.helm, helmCommands.uninstall(o.kubeconfig));
}

async function helm(file: string, args: readonly string[], stdin?: string): Promise<void> {
  try {
    await must(file, args, { stdin });
  } catch (error) {
    if (error instanceof Error) error.message = withoutNotes(error.message);
    throw error;
  }
}

/** What helm says, without what concerns nobody. */
export function withoutNotes(words: string): string {
  return words
    .split('\n')
    .filter((line) => !LINK_NOTE.test(line))
    .join('\n');
}

/** Changes when anything does that an installation consists of. */
export async function chartFingerprint(values: ChartValues): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(values));
  for (const file of await filesBelow(CHART)) hash.update(`${file}\0`).update(await readFile(file));
  return hash.digest('hex');
}

/** All files below a folder, links followed, in a fixed order. */
async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    if ((await stat(path)).isDirectory()) found.push(...(await filesBelow(path)));
    else found.push(path);
  }
  return found;
}
