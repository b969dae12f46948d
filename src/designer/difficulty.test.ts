import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FAULT_TYPES, faultOf } from '../faults/index.ts';
import { difficultyOf, type Hardness } from './difficulty.ts';

const of = (types: readonly string[], hops = 0, redHerrings = 0): number =>
  difficultyOf({ faults: types.map((type) => ({ type })), hops, redHerrings });

describe('monotone', () => {
  const hardness: fc.Arbitrary<Hardness> = fc.record({
    faults: fc.array(fc.record({ type: fc.constantFrom(...FAULT_TYPES) }), { maxLength: 4 }),
    hops: fc.nat({ max: 8 }),
    redHerrings: fc.nat({ max: 4 }),
  });
  test('in the number of faults, the distance and the noise, each strictly, and always within 0..1', () => {
    fc.assert(
      fc.property(hardness, fc.constantFrom(...FAULT_TYPES), (h, type) => {
        const d = difficultyOf(h);
        expect(d).toBeGreaterThanOrEqual(0);
        expect(difficultyOf({ ...h, faults: [...h.faults, { type }] })).toBeGreaterThan(d);
        expect(difficultyOf({ ...h, hops: (h.hops ?? 0) + 1 })).toBeGreaterThan(d);
        expect(difficultyOf({ ...h, redHerrings: (h.redHerrings ?? 0) + 1 })).toBeGreaterThan(d);
        expect(difficultyOf({ ...h, redHerrings: (h.redHerrings ?? 0) + 1 })).toBeLessThanOrEqual(1);
      }),
    );
  });
  test('in the difficulty of the faults', () => {
    const byHardness = [...FAULT_TYPES].sort((a, b) => faultOf(a).difficulty - faultOf(b).difficulty);
    const singles = byHardness.map((type) => of([type]));
    expect(singles).toEqual([...singles].sort((a, b) => a - b));
  });
});

describe('the tiers', () => {
  const pairs = FAULT_TYPES.flatMap((a, i) => FAULT_TYPES.slice(i + 1).map((b) => [a, b]));
  const triples = pairs.flatMap(([a, b]) => FAULT_TYPES.slice(FAULT_TYPES.indexOf(b) + 1).map((c) => [a, b, c]));
  const range = (compositions: readonly string[][]) => {
    const all = compositions.map((types) => of(types));
    return [Math.min(...all), Math.max(...all)];
  };
  test('warmup admits the four simplest faults alone, beginner every fault alone', () => {
    expect(FAULT_TYPES.filter((type) => of([type]) <= 0.25).sort()).toEqual(['crashloop', 'image_pull', 'oom_kill', 'scale_zero']);
    for (const type of FAULT_TYPES) expect(of([type])).toBeLessThanOrEqual(0.4);
  });
  test('pairs begin with intermediate, triples with advanced', () => {
    expect(range(pairs)[0]).toBeGreaterThan(0.4);
    expect(range(pairs)[1]).toBeLessThanOrEqual(0.6);
    expect(range(triples)[0]).toBeGreaterThan(0.6);
    expect(range(triples)[1]).toBeLessThanOrEqual(0.8);
  });
  test('the hardest that is composed stays within expert', () => {
    expect(of(['oom_kill', 'bad_config', 'resource_quota'], 6, 4)).toBeLessThanOrEqual(0.95);
  });
});

test('a control is as hard as its noise', () => {
  expect(of([])).toBe(0);
  expect(of([], 0, 2)).toBeGreaterThan(0);
});
test('a fault type that does not exist is an error', () => expect(() => of(['oom'])).toThrow('Fault type oom does not exist'));
