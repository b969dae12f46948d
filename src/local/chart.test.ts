import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { CHART, chartFingerprint, chartValues, helmCommands, withoutNotes } from './chart.ts';

describe('helm', () => {
  test('is asked to install or upgrade, values on standard input', () => {
    expect(helmCommands.install('/k').join(' ')).toBe(
      `upgrade gym ${CHART} --install --namespace kube-sre-gym-system --create-namespace --take-ownership --history-max 3 --values - --kubeconfig /k`,
    );
  });

  test('is asked to uninstall with its hooks, and not to mind when nothing is installed', () => {
    expect(helmCommands.uninstall('/k').join(' ')).toBe(
      'uninstall gym --namespace kube-sre-gym-system --ignore-not-found --wait --kubeconfig /k',
    );
  });

  test('its notes on links are left out of error messages', () => {
    expect(withoutNotes('failed:\nwalk.go:75: found symbolic link in path: /a resolves to /b\nError: x')).toBe('failed:\nError: x');
  });
});

test('the fingerprint is the same for the same chart and values, and another for other values', async () => {
  const one = await chartFingerprint({ image: { id: 'a' } });
  expect(await chartFingerprint({ image: { id: 'a' } })).toBe(one);
  expect(await chartFingerprint({ image: { id: 'b' } })).not.toBe(one);
});

describe('the values of an installation', () => {
  test.each<[string, Parameters<typeof chartValues>, object]>([
    ['change with the archives that were loaded', [['/cache/shop.tar', '/cache/gym.tar']], { image: { id: 'shop.tar gym.tar' } }],
    [
      'name the registry of images that are pulled',
      [[], 'r.example.com:5000/gym'],
      { image: { id: '', registry: 'r.example.com:5000/gym' } },
    ],
  ])('%s', (_, args, values) => expect(chartValues(...args)).toEqual(values));

  test('are values that the chart has', () => {
    const { image } = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as { image: object };
    expect(Object.keys(image)).toEqual(expect.arrayContaining(Object.keys(chartValues([], 'r').image)));
  });
});
