import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Agent, fetch } from 'undici';
import { must } from '../command.ts';
import { ClusterError } from '../provider.ts';
import { VERSIONS } from './versions.ts';

/** A program among a project's official release files. */
export interface ReleaseFile {
  name: string;
  url: string;
  /** The project's list of SHA-256 sums: the bare sum, or lines of `sum  file`. */
  sumUrl: string;
  /** Where the program lies in the archive (.tar.gz); undefined when the file is the program. */
  member?: string;
}

/** The release files for one processor (Go's name). metrics-server publishes no sums, so it is always compiled. */
export function releaseFiles(arch: string, kubernetesPrograms: readonly string[]): ReleaseFile[] {
  const k8s = `https://dl.k8s.io/v${VERSIONS.kubernetes}/bin/linux/${arch}`;
  const github = (repository: string, tag: string, file: string) => `https://github.com/${repository}/releases/download/${tag}/${file}`;
  const etcd = `etcd-v${VERSIONS.etcd}-linux-${arch}`;
  const coredns = github('coredns/coredns', `v${VERSIONS.coredns}`, `coredns_${VERSIONS.coredns}_linux_${arch}.tgz`);
  const crane = ['google/go-containerregistry', `v${VERSIONS.crane}`] as const;
  const helm = `https://get.helm.sh/helm-v${VERSIONS.helm}-linux-${arch}.tar.gz`;
  return [
    ...kubernetesPrograms.map((name) => ({ name, url: `${k8s}/${name}`, sumUrl: `${k8s}/${name}.sha256` })),
    {
      name: 'etcd',
      url: github('etcd-io/etcd', `v${VERSIONS.etcd}`, `${etcd}.tar.gz`),
      sumUrl: github('etcd-io/etcd', `v${VERSIONS.etcd}`, 'SHA256SUMS'),
      member: `${etcd}/etcd`,
    },
    { name: 'coredns', url: coredns, sumUrl: `${coredns}.sha256`, member: 'coredns' },
    {
      name: 'crane',
      url: github(...crane, `go-containerregistry_Linux_${arch === 'amd64' ? 'x86_64' : arch}.tar.gz`),
      sumUrl: github(...crane, 'checksums.txt'),
      member: 'crane',
    },
    { name: 'helm', url: helm, sumUrl: `${helm}.sha256sum`, member: `linux-${arch}/helm` },
  ];
}

/** The server cannot be reached or does not have the file: another way to the program is to be tried. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}

const CONNECT_TIMEOUT_MS = 3_000;
const STALL_TIMEOUT_MS = 20_000;

/** Fetches release files. A server that did not answer once is not asked again by the same downloader. */
export class Downloader {
  readonly #dispatcher = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: STALL_TIMEOUT_MS,
    bodyTimeout: STALL_TIMEOUT_MS,
  });
  readonly #silent = new Set<string>();

  /**
   * Puts the program into `binDir`, once its file's sum has been found right. Throws Unreachable when the file or its sum cannot be had, and
   * ClusterError when the sum is wrong; then nothing of it is left.
   */
  async fetch(file: ReleaseFile, binDir: string, signal?: AbortSignal): Promise<void> {
    const sums = await (await this.#get(file.sumUrl, signal)).text().catch((error) => {
      throw new Unreachable(`${file.sumUrl}: ${error}`);
    });
    const expected = sumOf(sums, file.url.slice(file.url.lastIndexOf('/') + 1));
    if (!expected) throw new ClusterError(`${file.sumUrl} holds no SHA-256 sum for ${file.url}`);
    await mkdir(binDir, { recursive: true });
    const work = await mkdtemp(join(binDir, '.download-'));
    try {
      const path = join(work, 'file');
      const actual = await this.#save(file.url, path, signal);
      if (actual !== expected) {
        throw new ClusterError(
          `${file.url} is not what its publisher says: SHA-256 ${actual}, expected ${expected}; it was thrown away, try again or look at your proxy`,
        );
      }
      if (file.member) await must('tar', ['-xzf', path, '-C', work, file.member], { signal });
      const program = file.member ? join(work, file.member) : path;
      await chmod(program, 0o755);
      await rename(program, join(binDir, file.name));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.close();
  }

  async #get(url: string, signal?: AbortSignal) {
    const { origin } = new URL(url);
    if (this.#silent.has(origin)) throw new Unreachable(`${origin} did not answer before`);
    const response = await fetch(url, { dispatcher: this.#dispatcher, signal }).catch((error) => {
      signal?.throwIfAborted();
      this.#silent.add(origin);
      throw new Unreachable(`${url}: ${error.cause?.message ?? error.message}`);
    });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new Unreachable(`${url} answered ${response.status}`);
    }
    return response;
  }

  async #save(url: string, path: string, signal?: AbortSignal): Promise<string> {
    const response = await this.#get(url, signal);
    const hash = createHash('sha256');
    const meter = new Transform({
      transform(chunk, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    try {
      await pipeline(Readable.fromWeb(response.body as import('node:stream/web').ReadableStream), meter, createWriteStream(path), {
        signal,
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw new Unreachable(`${url} broke off: ${(error as Error).message}`);
    }
    return hash.digest('hex');
  }
}

/** Finds the sum of `file` in a bare sum or a list of `sum  name` lines; undefined when there is none. */
export function sumOf(text: string, file: string): string | undefined {
  for (const line of text.split('\n')) {
    const [sum, name] = line.trim().split(/\s+\*?/);
    if (sum && /^[0-9a-f]{64}$/i.test(sum) && (name === undefined || name === file || name.endsWith(`/${file}`))) return sum.toLowerCase();
  }
  return undefined;
}
