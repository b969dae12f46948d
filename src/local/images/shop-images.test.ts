import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { APPS } from '../../api/apps.ts';
import { dockerPlan } from './docker.ts';
import { PACKAGE_ROOT } from './paths.ts';
import { parseLdd } from './program-files.ts';
import { SHOP_IMAGES, shopRef } from './shop-catalogue.ts';
import { configOf } from './shop-images.ts';

const rendered = (path: string) => readFile(join(PACKAGE_ROOT, `sample_app/rendered/${path}.yaml`), 'utf8');

describe('the images of the shop', () => {
  test('are exactly those that the manifests name', async () => {
    const paths = APPS.flatMap((app) => ['current', 'revision-1', 'revision-2'].map((file) => `${app}/${file}`));
    const texts = await Promise.all(paths.map(rendered));
    const named = new Set(texts.flatMap((text) => [...text.matchAll(/image: (\S+)/g)].map(([, ref]) => ref)));
    expect(new Set(SHOP_IMAGES.map(shopRef))).toEqual(named);
  });

  test('of two overlays are never one and the same, or a pod would show the name that the other overlay has for it', () => {
    const ids = SHOP_IMAGES.map((image) => [image.name.split('/')[0], JSON.stringify([image.source, configOf(image)])] as const);
    const of = (folder: string) => new Set(ids.filter(([own]) => own === folder).map(([, id]) => id));
    const [shop, tickets] = [of('shop'), of('tickets')];
    expect([...shop].filter((id) => tickets.has(id))).toEqual([]);
  });

  test.each(SHOP_IMAGES.map((image) => [shopRef(image), image] as const))(
    '%s is configured as its Dockerfile says',
    async (_ref, image) => {
      const dockerfile = await readFile(join(PACKAGE_ROOT, 'sample_app/images', image.source, 'Dockerfile'), 'utf8');
      const config = configOf(image);
      expect(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1]).toBe(JSON.stringify(config.Entrypoint).replaceAll('","', '", "'));
      expect(/^USER (.*)$/m.exec(dockerfile)?.[1]).toBe(config.User);
      expect(/^STOPSIGNAL (.*)$/m.exec(dockerfile)?.[1]).toBe(config.StopSignal);
      for (const name of Object.keys(image.args)) expect(dockerfile).toContain(`ARG ${name}`);
      for (const [name, value] of Object.entries(image.args)) expect(config.Env).toContain(`${name}=${value}`);
      for (const [, name, value] of dockerfile.matchAll(/^ARG (\w+)=(.*)$/gm)) {
        expect(config.Env).toContain(`${name}=${image.args[name as string] ?? value}`);
      }
    },
  );
});

test('Docker builds each image of a set from its folder and saves them in one archive', () => {
  const plan = dockerPlan('shop', '1.2.3', '/out');
  expect(plan.commands).toHaveLength(SHOP_IMAGES.length + 1);
  expect(plan.commands[1]).toEqual([
    'build',
    '--tag',
    'registry.local/shop/payment-api:2.3.0',
    '--build-arg',
    'RELEASE=2.3.0',
    '--build-arg',
    'SUPPORTED_SCHEMA=6',
    join(PACKAGE_ROOT, 'sample_app/images/shop'),
  ]);
  expect(plan.commands.at(-1)?.slice(0, 3)).toEqual(['save', '--output', '/out/docker-shop.tar']);
  expect(dockerPlan('gym', '1.2.3', '/out').commands[0]).toEqual(['build', '--tag', 'registry.local/kube-sre-gym:1.2.3', PACKAGE_ROOT]);
});

test('a library that a program needs and nobody has is an error that names it', () => {
  expect(parseLdd('\tlibz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x0001)\n\tlinux-vdso.so.1 (0x1)\n')).toEqual([
    '/lib/x86_64-linux-gnu/libz.so.1',
  ]);
  expect(() => parseLdd('\tlibpcre2-8.so.0 => not found\n')).toThrow('libpcre2-8.so.0');
});
