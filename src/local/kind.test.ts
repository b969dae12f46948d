import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KindCluster } from './kind.ts';

let dir: string;
const path = process.env.PATH;

/** Puts a program called kind on the PATH that writes down how it is called and knows the given clusters. */
async function install(clusters: string, createExit = 0): Promise<void> {
  await writeFile(
    join(dir, 'kind'),
    `#!/bin/sh\necho "$@" >> ${dir}/calls\ncase "$1 $2" in "get clusters") printf '${clusters}';; "create cluster") echo "no space left" >&2; exit ${createExit};; esac\n`,
  );
  await chmod(join(dir, 'kind'), 0o755);
  process.env.PATH = `${dir}:${path}`;
}

const calls = async () => (await readFile(join(dir, 'calls'), 'utf8')).trim().split('\n');
const cluster = () => new KindCluster({ name: 'gym', dir: join(dir, 'kubeconfigs'), kubectl: 'kubectl', progress: () => {} });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kind-'));
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(dir, { recursive: true, force: true });
});

describe('kind', () => {
  test('up makes a cluster with a kubeconfig of our own and waits for it', async () => {
    await install('other\\n');
    const kubeconfig = await cluster().up();
    expect(kubeconfig).toBe(join(dir, 'kubeconfigs/gym.kubeconfig'));
    expect(await calls()).toEqual(['get clusters', `create cluster --name gym --kubeconfig ${kubeconfig} --wait 120s`]);
  });

  test('up on a running one only writes the kubeconfig', async () => {
    await install('other\\ngym\\n');
    const kubeconfig = await cluster().up();
    expect(await calls()).toEqual(['get clusters', `export kubeconfig --name gym --kubeconfig ${kubeconfig}`]);
  });

  test('an up that fails is removed again and says why', async () => {
    await install('', 1);
    await expect(cluster().up()).rejects.toThrow(/no space left/);
    expect((await calls()).at(-1)).toBe(`delete cluster --name gym --kubeconfig ${join(dir, 'kubeconfigs/gym.kubeconfig')}`);
  });

  test('archives are loaded one by one', async () => {
    await install('gym\\n');
    await cluster().loadImage(['a.tar', 'b.tar']);
    expect(await calls()).toEqual(['load image-archive a.tar --name gym', 'load image-archive b.tar --name gym']);
  });

  test('without kind the message says what to do', async () => {
    process.env.PATH = dir;
    await expect(cluster().up()).rejects.toThrow(/install it .* or use --provider native or context/);
  });
});
