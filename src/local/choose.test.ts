import { describe, expect, test } from '@jest/globals';
import { chooseProvider, type Machine } from './choose.ts';

const bare: Machine = { platform: 'linux', root: false, go: false, cached: false, docker: false, kind: false };

describe('choosing a provider', () => {
  test.each<[string, Partial<Machine>, string]>([
    ['Linux with root and Go has a node of its own', { root: true, go: true }, 'native'],
    ['Linux with root and a filled cache needs no Go', { root: true, cached: true }, 'native'],
    ['a node of its own is preferred to Docker', { root: true, go: true, docker: true, kind: true }, 'native'],
    ['without root Docker serves', { go: true, docker: true, kind: true }, 'kind'],
    ['a Mac has Docker or nothing', { platform: 'darwin', root: true, go: true, docker: true, kind: true }, 'kind'],
  ])('%s', (_sentence, machine, expected) => {
    expect(chooseProvider({ ...bare, ...machine })).toBe(expected);
  });

  test.each<[string, Partial<Machine>, RegExp]>([
    ['without root', { go: true }, /a native one lacks root \(use sudo\), one in Docker lacks Docker and kind/],
    ['without Go', { root: true }, /a native one lacks Go 1.25 or newer/],
    ['without Linux and kind', { platform: 'darwin', root: true, go: true, docker: true }, /lacks Linux, one in Docker lacks kind/],
    ['with nothing', {}, /lacks root .* and Go .*--provider context --name CONTEXT/],
  ])('%s the message says what is missing and what to do', (_sentence, machine, message) => {
    expect(() => chooseProvider({ ...bare, ...machine })).toThrow(message);
  });
});
