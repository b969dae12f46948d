import { access, mkdir, readdir, readFile, readlink, stat, statfs, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { must, run } from '../command.ts';
import { ClusterError } from '../provider.ts';
import type { HostLayout } from './node-spec.ts';

const OVERLAYFS_MAGIC = 0x794c7630;

/** Throws ClusterError, with what to do instead, unless this machine can hold a native node. */
export async function requireNativeHost(): Promise<void> {
  const instead = 'use a cluster that you have (gymctl cluster up --provider context), or kind where Docker is (--provider kind)';
  if (process.platform !== 'linux') throw new ClusterError(`The native cluster needs Linux, and this is ${process.platform}: ${instead}`);
  if (process.getuid?.() !== 0)
    throw new ClusterError(`The native cluster needs root (it makes namespaces, mounts and cgroups): run gymctl with sudo, or ${instead}`);
  if (!(await readFile('/proc/filesystems', 'utf8')).includes('\toverlay\n')) await modprobe('overlay');
  if (!(await exists('/proc/sys/net/bridge'))) await modprobe('br_netfilter');
}

async function modprobe(module: string): Promise<void> {
  const result = await run('modprobe', [module]).catch(() => undefined);
  if (result?.code !== 0)
    throw new ClusterError(
      `The kernel module ${module} is not loaded and could not be: load it on the host (modprobe ${module}) and try again`,
    );
}

/** Reads what the node's root is composed of. `scratch` is an empty folder for the trial of iptables. */
export async function readHostLayout(packagesUsr: string | undefined): Promise<HostLayout> {
  const topLevel: Record<string, string | null> = {};
  for (const name of ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/opt/cni/bin']) {
    if (!(await exists(name))) continue;
    topLevel[name] = await readlink(name).catch(() => null);
  }
  const etc = [];
  for (const name of [
    '/etc/ssl',
    '/etc/pki',
    '/etc/ca-certificates',
    '/etc/ld.so.cache',
    '/etc/ld.so.conf',
    '/etc/ld.so.conf.d',
    '/etc/protocols',
    '/etc/services',
    '/etc/ethertypes',
  ]) {
    if (await exists(name)) etc.push(name);
  }
  return {
    topLevel,
    etc,
    packagesUsr,
    iptables: await workingIptables(packagesUsr),
    bridgeIpv6: await exists('/proc/sys/net/bridge/bridge-nf-call-ip6tables'),
  };
}

/** Tries both variants in a network namespace that is thrown away. The old one replaces a table faster when there are hundreds of pods. */
async function workingIptables(packagesUsr: string | undefined): Promise<'legacy' | 'nft'> {
  const usr = packagesUsr && (await exists(join(packagesUsr, 'sbin/xtables-nft-multi'))) ? packagesUsr : '/usr';
  const libraries = await libraryFolders(usr);
  const env = { LD_LIBRARY_PATH: libraries.join(':'), XTABLES_LIBDIR: libraries.map((dir) => join(dir, 'xtables')).join(':') };
  const failures = [];
  for (const variant of ['legacy', 'nft'] as const) {
    const program = join(usr, `sbin/xtables-${variant}-multi`);
    const trial = `"${program}" iptables -w -t nat -A POSTROUTING -m comment --comment trial -j MASQUERADE && "${program}" ip6tables -w -P FORWARD DROP`;
    const result = await run('unshare', ['--net', '--mount', 'sh', '-c', `mount -t tmpfs tmpfs /run && ${trial}`], { env });
    if (result.code === 0) return variant;
    failures.push(`${variant}: ${result.stderr.trim()}`);
  }
  throw new ClusterError(
    `iptables does not work with this kernel (load the modules ip_tables and iptable_nat, or nf_tables):\n${failures.join('\n')}`,
  );
}

async function libraryFolders(usr: string): Promise<string[]> {
  const lib = join(usr, 'lib');
  const multiarch = (await readdir(lib)).filter((name) => /^[a-z0-9_]+-linux-gnu/.test(name));
  return [...multiarch.map((name) => join(lib, name)), lib];
}

/** containerd's snapshotter for this state folder: overlay cannot lie on another overlay, as inside a container. */
export async function snapshotterFor(stateDir: string): Promise<'overlayfs' | 'native'> {
  return (await statfs(stateDir)).type === OVERLAYFS_MAGIC ? 'native' : 'overlayfs';
}

/** True where cgroup v2 alone is mounted. */
export async function hasUnifiedCgroups(): Promise<boolean> {
  return exists('/sys/fs/cgroup/cgroup.controllers');
}

/** containerd's major version. `usr`: where its package was unpacked, or `/usr`. */
export async function containerdMajor(usr: string): Promise<number> {
  const program = (await exists(join(usr, 'bin/containerd'))) ? join(usr, 'bin/containerd') : '/usr/bin/containerd';
  const text = await must(program, ['--version']);
  const major = text.match(/ v?(\d+)\.\d+\.\d+/)?.[1];
  if (!major) throw new ClusterError(`Cannot tell the version of ${program} from "${text.trim()}"`);
  return Number(major);
}

/** crun where there is one: it starts a container in a third of runc's CPU time, and a copy of the app starts eighteen. */
export async function ociRuntime(usr: string): Promise<'crun' | 'runc'> {
  for (const folder of [usr, '/usr']) if (await exists(join(folder, 'bin/crun'))) return 'crun';
  return 'runc';
}

/** The node's folder of CNI plugins: Debian's place, or the one that the plugins' own release uses. */
export async function cniBinDir(usr: string): Promise<string> {
  for (const [onHost, inNode] of [
    [join(usr, 'lib/cni'), '/usr/lib/cni'],
    ['/usr/lib/cni', '/usr/lib/cni'],
    ['/opt/cni/bin', '/opt/cni/bin'],
  ] as const) {
    if (await exists(join(onHost, 'bridge'))) return inNode;
  }
  throw new ClusterError('The CNI plugins are in neither /usr/lib/cni nor /opt/cni/bin: install containernetworking-plugins');
}

/** Whether this process may lower oom_score_adj; where not, containerd must not try to. */
export async function mayLowerOomScore(): Promise<boolean> {
  const capabilities = BigInt(`0x${(await readFile('/proc/self/status', 'utf8')).match(/^CapEff:\s*(\w+)/m)?.[1] ?? '0'}`);
  const SYS_RESOURCE = 24n;
  return ((capabilities >> SYS_RESOURCE) & 1n) === 1n;
}

/** All IPv4 addresses of the host. */
export function hostAddresses(): Set<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((list) => list?.map((address) => address.address) ?? []));
}

/** Makes the only link between host and node and gives the host's end its address. */
export async function makeLink(link: string, nodePid: number, hostAddress: string, signal?: AbortSignal): Promise<void> {
  await must('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(nodePid)], { signal });
  await must('ip', ['addr', 'add', `${hostAddress}/30`, 'dev', link], { signal });
  await must('ip', ['link', 'set', link, 'up'], { signal });
}

/** Creates a folder that only root may look into, and its parents. */
export async function privateDir(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Writes a file that only root may read. */
export async function privateFile(path: string, content: string): Promise<void> {
  await writeFile(path, content, { mode: 0o600 });
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Start time of a process in clock ticks since boot; together with the pid it names a process for ever. Undefined when it is gone or a zombie. */
export async function startTime(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text && fields[0] !== 'Z' ? fields[19] : undefined;
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  );
}
