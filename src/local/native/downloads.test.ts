import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { must } from '../command.ts';
import { ClusterError } from '../provider.ts';
import { Downloader, releaseFiles, sumOf, Unreachable } from './downloads.ts';

const sum = (body: string | Buffer) => createHash('sha256').update(body).digest('hex');

let server: Server;
let origin: string;
let dir: string;
let archive: Buffer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'downloads-'));
  await must(
    'sh',
    ['-c', 'mkdir -p in/tool-v1 && printf "#!/bin/sh\\necho tool" > in/tool-v1/tool && tar -czf tool.tar.gz -C in tool-v1'],
    { cwd: dir },
  );
  archive = await readFile(join(dir, 'tool.tar.gz'));
  const files: Record<string, string | Buffer> = {
    '/plain': 'a program',
    '/plain.sha256': sum('a program'),
    '/tool.tar.gz': archive,
    '/sums.txt': `${sum('x')}  other.tar.gz\n${sum(archive)}  tool.tar.gz\n`,
    '/forged': 'something else',
    '/forged.sha256': `${sum('what the publisher made')}  forged\n`,
    '/forged.tar.gz': archive,
    '/forged-sums.txt': `${sum('what the publisher made')}  forged.tar.gz\n`,
    '/unlisted': 'a program',
    '/unlisted.sha256': `${sum('x')}  other\n`,
    '/cut': 'half of it',
    '/cut.sha256': sum('half of it and the rest'),
  };
  server = createServer((request, response) => {
    const body = files[request.url ?? ''];
    if (body === undefined) {
      response.writeHead(404).end();
    } else if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': 23 }).write(body, () => response.destroy());
    } else {
      response.end(body);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});

afterAll(async () => {
  server.close();
  await rm(dir, { recursive: true, force: true });
});

async function fetchInto(bin: string, file: { name: string; url: string; sumUrl: string; member?: string }) {
  const downloader = new Downloader();
  try {
    await downloader.fetch({ ...file, url: origin + file.url, sumUrl: origin + file.sumUrl }, join(dir, bin));
  } finally {
    await downloader.close();
  }
}

describe('fetching a release file', () => {
  test('a program whose sum is right is put in place, executable', async () => {
    await fetchInto('a', { name: 'program', url: '/plain', sumUrl: '/plain.sha256' });
    expect(await readFile(join(dir, 'a/program'), 'utf8')).toBe('a program');
    expect((await stat(join(dir, 'a/program'))).mode & 0o777).toBe(0o755);
    expect(await readdir(join(dir, 'a'))).toEqual(['program']);
  });

  test('a program is taken out of an archive found in a list of sums', async () => {
    await fetchInto('b', { name: 'renamed', url: '/tool.tar.gz', sumUrl: '/sums.txt', member: 'tool-v1/tool' });
    expect(await must(join(dir, 'b/renamed'), [])).toBe('tool\n');
    expect(await readdir(join(dir, 'b'))).toEqual(['renamed']);
  });

  test.each([
    ['a program', { name: 'p', url: '/forged', sumUrl: '/forged.sha256' }],
    ['an archive', { name: 'p', url: '/forged.tar.gz', sumUrl: '/forged-sums.txt', member: 'tool-v1/tool' }],
  ])('%s whose sum is wrong is refused and nothing of it is left', async (_what, file) => {
    const error = await fetchInto('c', file).catch((e) => e);
    expect(error).toBeInstanceOf(ClusterError);
    expect(error.message).toMatch(/forged.* is not what its publisher says: SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}/);
    expect(await readdir(join(dir, 'c'))).toEqual([]);
  });

  test('a list without the file is an error, not a reason to skip the check', async () => {
    await expect(fetchInto('d', { name: 'p', url: '/unlisted', sumUrl: '/unlisted.sha256' })).rejects.toThrow(/holds no SHA-256 sum/);
  });

  test.each([
    ['the file does not exist', { name: 'p', url: '/none', sumUrl: '/plain.sha256' }],
    ['the sum does not exist', { name: 'p', url: '/plain', sumUrl: '/none' }],
    ['the connection breaks off', { name: 'p', url: '/cut', sumUrl: '/cut.sha256' }],
  ])('another way is to be tried when %s', async (_why, file) => {
    await expect(fetchInto('e', file)).rejects.toBeInstanceOf(Unreachable);
    expect(await readdir(join(dir, 'e')).catch(() => [])).toEqual([]);
  });

  test('a server that does not listen is asked once', async () => {
    const downloader = new Downloader();
    const file = { name: 'p', url: 'http://127.0.0.1:1/p', sumUrl: 'http://127.0.0.1:1/p.sha256' };
    await expect(downloader.fetch(file, join(dir, 'f'))).rejects.toThrow(/ECONNREFUSED|bad port/);
    await expect(downloader.fetch(file, join(dir, 'f'))).rejects.toThrow('did not answer before');
    await expect(downloader.fetch(file, join(dir, 'f'))).rejects.toBeInstanceOf(Unreachable);
    await downloader.close();
  });
});

test.each([
  ['a bare sum', sum('x'), 'f', sum('x')],
  ['a line with the name', `${sum('x')}  f\n`, 'f', sum('x')],
  ['a line in binary mode', `${sum('x')} *f\n`, 'f', sum('x')],
  ['a name with a folder', `${sum('x')}  ./release/f\n`, 'f', sum('x')],
  ['a line of another file', `${sum('x')}  g\n`, 'f', undefined],
  ['an error page', '<html>sorry</html>', 'f', undefined],
])('the sum is read from %s', (_what, text, file, expected) => {
  expect(sumOf(text, file)).toBe(expected);
});

test('every release file comes with the place of its sum, over https', () => {
  const files = releaseFiles('amd64', ['kubelet', 'kubectl']);
  expect(files.map((file) => file.name)).toEqual(['kubelet', 'kubectl', 'etcd', 'coredns', 'crane', 'helm']);
  for (const file of files) {
    expect(file.url).toMatch(/^https:/);
    expect(file.sumUrl).toMatch(/^https:/);
  }
  expect(files[0]).toEqual({
    name: 'kubelet',
    url: 'https://dl.k8s.io/v1.35.4/bin/linux/amd64/kubelet',
    sumUrl: 'https://dl.k8s.io/v1.35.4/bin/linux/amd64/kubelet.sha256',
  });
});
