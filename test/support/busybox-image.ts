import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../../src/local/cache.ts';
import { must } from '../../src/local/command.ts';
import { exists } from '../../src/local/native/host.ts';
import { writeProgramImage } from '../../src/local/native/system-images.ts';

export const BUSYBOX_IMAGE = 'registry.local/busybox:1';

/** Makes the archive of an image with a shell, wget, nslookup and nc (Debian's busybox-static), once, and returns its path. */
export async function busyboxImage(): Promise<string> {
  const out = join(cacheDir(), 'test-images', 'busybox.tar');
  if (await exists(out)) return out;
  await mkdir(join(cacheDir(), 'test-images'), { recursive: true });
  const work = await mkdtemp(join(cacheDir(), 'test-images', '.busybox-'));
  try {
    await must('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', 'busybox-static'], { cwd: work });
    const deb = (await readdir(work)).find((name) => name.endsWith('.deb'));
    await must('dpkg', ['-x', join(work, String(deb)), join(work, 'root')]);
    const usr = join(work, 'root/usr/bin/busybox');
    await copyFile((await exists(usr)) ? usr : join(work, 'root/bin/busybox'), join(work, 'busybox'));
    await writeProgramImage({
      ref: BUSYBOX_IMAGE,
      programs: { '/bin/busybox': join(work, 'busybox'), '/bin/sh': join(work, 'busybox') },
      config: { Entrypoint: ['/bin/sh', '-c'] },
      out,
    });
    return out;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
