import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { must } from '../command.ts';
import { LayerStore } from './layer-store.ts';
import { sha256File, writeOciArchive } from './oci-archive.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'oci-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const fill = (text: string) => async (root: string) => {
  await mkdir(join(root, 'etc'));
  await writeFile(join(root, 'etc/motd'), text);
};

describe('an image archive', () => {
  test('names each image and stores a layer that two share once', async () => {
    const store = new LayerStore(join(dir, 'layers'));
    const layer = await store.layer('motd', { text: 'hello' }, fill('hello'));
    const out = join(dir, 'images.tar');
    await writeOciArchive(
      [
        { ref: 'registry.local/a:1', layers: [layer], config: { User: '1000:1000', Cmd: ['a'] } },
        { ref: 'registry.local/b:1', layers: [layer], config: { User: '1000:1000', Cmd: ['b'] } },
      ],
      out,
    );
    const files = (await must('tar', ['-tf', out])).split('\n').filter((name) => name.includes('sha256/') && !name.endsWith('/'));
    expect(files).toHaveLength(5);
    const read = async (path: string) => JSON.parse(await must('tar', ['-xOf', out, `./${path}`]));
    const index = await read('index.json');
    expect(index.manifests.map((entry: { annotations: Record<string, string> }) => entry.annotations['io.containerd.image.name'])).toEqual([
      'registry.local/a:1',
      'registry.local/b:1',
    ]);
    const manifest = await read(`blobs/sha256/${index.manifests[1].digest.slice(7)}`);
    const config = await read(`blobs/sha256/${manifest.config.digest.slice(7)}`);
    expect(config).toMatchObject({ config: { Cmd: ['b'] }, rootfs: { diff_ids: [layer.digest] } });
    expect(manifest.layers).toEqual([{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer.digest, size: layer.size }]);
  });

  test('is the same byte for byte when it is made again', async () => {
    const digests: string[] = [];
    for (const name of ['first', 'second']) {
      const layer = await new LayerStore(join(dir, name)).layer('motd', { text: 'hello' }, async (root) => {
        await fill('hello')(root);
        await utimes(join(root, 'etc/motd'), Math.random() * 1e9, Math.random() * 1e9);
      });
      await writeOciArchive([{ ref: 'registry.local/a:1', layers: [layer], config: {} }], join(dir, `${name}.tar`));
      digests.push(await sha256File(join(dir, `${name}.tar`)));
    }
    expect(digests[0]).toBe(digests[1]);
  });
});

describe('the layer store', () => {
  test('makes a layer once for the same inputs, anew when one changes, and keeps the latest', async () => {
    const store = new LayerStore(dir);
    let made = 0;
    const make = (text: string) =>
      store.layer('motd', { text }, async (root) => {
        made++;
        await fill(text)(root);
      });
    const first = await make('one');
    expect(await make('one')).toEqual(first);
    expect(made).toBe(1);
    const second = await make('two');
    expect(second.digest).not.toBe(first.digest);
    expect(made).toBe(2);
    expect((await stat(second.path)).size).toBe(second.size);
    await expect(stat(first.path)).rejects.toThrow('ENOENT');
  });

  test('leaves nothing behind when filling fails', async () => {
    const store = new LayerStore(dir);
    await expect(store.layer('bad', {}, () => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
    await expect(readFile(join(dir, 'bad'))).rejects.toThrow();
    expect((await must('ls', ['-A', dir])).trim()).toBe('');
  });
});
