import { describe, expect, test } from '@jest/globals';
import { loadApps, paperBaselines } from '../operator/arena/app.ts';
import { chooser } from './choose.ts';
import type { ResetOptions } from './session-api.ts';

const apps = paperBaselines(loadApps());
const fresh = () => chooser(apps, (curriculum, split) => `${split}-run-of-${curriculum}`);
const incident = { faults: [{ type: 'scale_zero', target: { namespace: 'auth', name: 'auth-service' } }] };

describe('a reset plays', () => {
  test('what the default Curriculum gives the next seed of the gateway, when it asks for nothing', () => {
    const choose = fresh();
    const chosen = { curriculumRef: { name: 'default' }, split: 'train', run: 'train-run-of-default', maxSteps: 64 };
    expect([choose({}), choose({})]).toEqual([
      { ...chosen, seed: 0 },
      { ...chosen, seed: 1 },
    ]);
  });

  test('the seed, split and run of the Curriculum that it names', () => {
    const options = { seed: 7, curriculum: 'small', split: 'eval', run: 'r1', maxSteps: 10 };
    expect(fresh()(options)).toEqual({ curriculumRef: { name: 'small' }, split: 'eval', run: 'r1', seed: 7, maxSteps: 10 });
  });

  test('the run of the gateway for the Curriculum and split that it names', () => {
    expect(fresh()({ curriculum: 'small', split: 'eval' })).toMatchObject({ run: 'eval-run-of-small' });
  });

  test('the incident of a fault and a seed, the same each time', () => {
    const first = fresh()({ fault: 'oom_kill', seed: 3 });
    expect(first.incident?.faults.map((f) => f.type)).toEqual(['oom_kill']);
    expect(first).toMatchObject({ seed: 3, maxSteps: 16 });
    expect(fresh()({ fault: 'oom_kill', seed: 3 })).toEqual(first);
  });

  test('its own incident in the app that it names', () => {
    const target = { namespace: 'members', name: 'member-login' };
    const other = { app: 'tickets', faults: [{ type: 'scale_zero', target }] };
    expect(fresh()({ incident: other })).toMatchObject({ incident: other });
    expect(() => fresh()({ incident: { ...other, app: 'default' } })).toThrow(/members\/member-login/);
  });

  test('its own incident', () => {
    expect(fresh()({ incident })).toMatchObject({ incident, seed: 0 });
  });
});

test.each<[string, ResetOptions, RegExp]>([
  ['an unknown split', { split: 'dev' }, /Unknown split dev; the splits are train, eval, transfer/],
  ['a fault and a split', { fault: 'oom_kill', split: 'eval' }, /fault says what to play.*leave out split/],
  ['an incident and a Curriculum', { incident, curriculum: 'default', run: 'a' }, /leave out curriculum, run/],
  ['an unknown fault', { fault: 'disk_full' }, /disk_full/],
  ['an incident for what does not exist', { incident: { faults: [{ type: 'oom_kill', target: { namespace: 'a', name: 'b' } }] } }, /a\/b/],
  ['an incident in an unknown app', { incident: { ...incident, app: 'bank' } }, /incident\.app/],
  ['an incident that is none', { incident: { faults: 'many' } }, /incident\.faults/],
])('a reset with %s is refused with a sentence', (_name, options, message) => {
  expect(() => fresh()(options)).toThrow(message);
});
