import { describe, expect, test } from '@jest/globals';
import { parseResetOptions } from './session-api.ts';

describe('parseResetOptions', () => {
  const accepted: Record<string, { wire: unknown; want: object }> = {
    'nothing chosen': { wire: {}, want: {} },
    'all of ours, renamed': {
      wire: {
        seed: 0,
        episode_id: 'e',
        fault: 'oom_kill',
        incident: { faults: [] },
        max_output_chars: 200,
        reward_delivery: 'last',
        max_steps: 64,
        curriculum: 'c',
        split: 'eval',
        run: 'r',
        agent: { name: 'a', model: 'm', checkpoint: 'c' },
      },
      want: {
        seed: 0,
        episodeId: 'e',
        fault: 'oom_kill',
        incident: { faults: [] },
        maxOutputChars: 200,
        rewardDelivery: 'last',
        maxSteps: 64,
        curriculum: 'c',
        split: 'eval',
        run: 'r',
        agent: { name: 'a', model: 'm', checkpoint: 'c' },
      },
    },
    'an agent by its name alone': { wire: { agent: 'grpo-8b' }, want: { agent: { name: 'grpo-8b' } } },
    'a whole dataset row: unknown columns and nulls are ignored': {
      wire: { prompt: [{ role: 'user', content: 'x' }], label: 3, seed: 5, fault: null, episode_id: null },
      want: { seed: 5 },
    },
    'an episode id of 255 characters': { wire: { episode_id: 'x'.repeat(255) }, want: { episodeId: 'x'.repeat(255) } },
  };
  test.each(Object.entries(accepted))('accepts %s', (_name, { wire, want }) => {
    expect(parseResetOptions(wire)).toEqual(want);
  });

  const refused: Record<string, unknown> = {
    'a negative seed': { seed: -1 },
    'a seed with a fraction': { seed: 1.5 },
    'a seed beyond what a double holds': { seed: 2 ** 60 },
    'a seed as text': { seed: '7' },
    'an episode id of 256 characters': { episode_id: 'x'.repeat(256) },
    'a fault that is no text': { fault: 3 },
    'an incident that is no object': { incident: [] },
    'too little output to read': { max_output_chars: 10 },
    'an unknown delivery': { reward_delivery: 'all' },
    'more steps than an Episode may have': { max_steps: 65 },
    'an agent whose name is a story': { agent: 'x'.repeat(129) },
    'no object at all': 'seed=1',
  };
  test.each(Object.entries(refused))('refuses %s', (_name, wire) => {
    expect(() => parseResetOptions(wire)).toThrow();
  });
});
