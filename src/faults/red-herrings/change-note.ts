import { oneOf } from '../params.ts';
import type { RedHerring } from './red-herring.ts';

/** What a note says of a workload, by its subject. */
const NOTES: Readonly<Record<string, (name: string) => string>> = {
  timeouts: (name) => `Timeouts of ${name} were raised by hand during the last peak. Put them back once the vendor has confirmed.`,
  release: (name) => `The last release of ${name} was slow to start on one node. Could not be reproduced; keep an eye on it.`,
  handover: (name) => `Handover: ${name} was restarted last night after a latency alarm. Cause unknown, no customer affected.`,
  vendor: (name) => `Vendor ticket open for ${name}: connections are sometimes closed early. They ask for patience.`,
};

export const changeNote: RedHerring = {
  kind: 'change_note',
  description: 'A ConfigMap that nothing mounts holds a note of the team about a healthy workload, as if a hot-fix had been made there.',
  params: {
    subject: oneOf('What the note is about', () => Object.keys(NOTES)),
    title: oneOf('Name of the ConfigMap', () => ['oncall-notes', 'handover-notes', 'hotfix-notes']),
  },
  makesPods: false,
  canTarget: () => true,
  mutations: ({ deployment, target }, { subject, title }) => [
    {
      verb: 'create',
      namespace: target.namespace,
      object: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `${title}-${target.name}`, labels: deployment.metadata.labels },
        data: { 'notes.md': `${NOTES[subject](target.name)}\n` },
      },
    },
  ],
};
