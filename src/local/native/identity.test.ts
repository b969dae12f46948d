import { describe, expect, test } from '@jest/globals';
import { addresses, freeSlot, identify } from './identity.ts';

describe('the identity of a cluster', () => {
  test('depends on its name alone and fits where the kernel puts it', () => {
    const gym = identify('gym');
    expect(gym).toEqual(identify('gym'));
    expect(gym.stateDir).not.toContain('gym');
    expect(gym.link.length).toBeLessThanOrEqual(15);
    expect(identify('other').id).not.toBe(gym.id);
  });

  test.each(['', 'Gym', '../x', 'a_b', '-a', 'a-', 'a'.repeat(41), 'a b'])('the name "%s" is refused', (name) => {
    expect(() => identify(name)).toThrow(/cannot name a cluster/);
  });
});

describe('addresses', () => {
  test.each([
    [0, { host: '198.18.0.1', node: '198.18.0.2' }],
    [63, { host: '198.18.0.253', node: '198.18.0.254' }],
    [64, { host: '198.18.1.1', node: '198.18.1.2' }],
    [4095, { host: '198.18.63.253', node: '198.18.63.254' }],
  ])('slot %d has a /30 of its own', (slot, expected) => {
    expect(addresses(slot)).toEqual(expected);
  });

  test.each([-1, 4096, 0.5])('there is no slot %d', (slot) => {
    expect(() => addresses(slot)).toThrow(RangeError);
  });

  test('the lowest slot is taken that neither a cluster nor the host uses', () => {
    expect(freeSlot(new Set(), new Set())).toBe(0);
    expect(freeSlot(new Set([0, 1]), new Set(['198.18.0.9']))).toBe(3);
  });

  test('it is said when there is none', () => {
    expect(() => freeSlot(new Set(Array.from({ length: 4096 }, (_, i) => i)), new Set())).toThrow(/end a cluster first/);
  });
});
