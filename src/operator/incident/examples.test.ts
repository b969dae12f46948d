import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { appOf } from '../../api/apps.ts';
import { type Incident, incidentSpecSchema } from '../../api/incident.ts';
import { FAULT_TYPES } from '../../faults/index.ts';
import { RED_HERRING_KINDS } from '../../faults/red-herrings/index.ts';
import { validateComposition } from '../../faults/red-herrings/plan.ts';
import { loadApps, paperBaselines } from '../arena/app.ts';

const folder = new URL('../../../examples/', import.meta.url);
const papers = paperBaselines(loadApps());

test.each(readdirSync(folder).filter((file) => file.startsWith('incident-')))(
  'examples/%s can be played in the app that it names',
  (file) => {
    const { kind, spec } = parse(readFileSync(new URL(file, folder), 'utf8')) as Incident & { kind: string };
    expect(kind).toBe('Incident');
    const parsed = incidentSpecSchema(FAULT_TYPES, RED_HERRING_KINDS).strict().parse(spec);
    expect(validateComposition(parsed, papers[appOf(parsed)])).toBeUndefined();
  },
);
