import { expect, test } from '@jest/globals';
import type { Episode } from '../api/episode.ts';
import { withAttempts } from './archive-attempts.ts';

const finished = (uid: string) => ({ episode: { metadata: { name: `e-${uid}`, uid }, spec: {} } as Episode, steps: [] });

/** Plays appends of the named Episodes, `x` where the archive fails: how each settled, and which Episodes were lost. */
async function play(appends: readonly (readonly [uid: string, fails: 'x' | ''])[]): Promise<{ settled: string[]; lost: string[] }> {
  const lost: string[] = [];
  let failing = '';
  const disk = { append: () => (failing ? Promise.reject(new Error('no space')) : Promise.resolve()) };
  const archive = withAttempts(disk, ({ metadata }, { message }) => lost.push(`${metadata.name}: ${message}`), 3);
  const settled: string[] = [];
  for (const [uid, fails] of appends) {
    failing = fails;
    settled.push(
      await archive.append(finished(uid)).then(
        () => 'ends',
        (error: Error) => error.message,
      ),
    );
  }
  return { settled, lost };
}

test.each<[string, Parameters<typeof play>[0], Awaited<ReturnType<typeof play>>]>([
  ['an Episode that is archived ends', [['a', '']], { settled: ['ends'], lost: [] }],
  [
    'a failure is tried again, and forgotten once it went well',
    [
      ['a', 'x'],
      ['a', 'x'],
      ['a', ''],
      ['a', 'x'],
    ],
    { settled: ['no space', 'no space', 'ends', 'no space'], lost: [] },
  ],
  [
    'the last attempt lets the Episode end, lost once however often it is asked for again',
    [
      ['a', 'x'],
      ['a', 'x'],
      ['a', 'x'],
      ['a', 'x'],
    ],
    { settled: ['no space', 'no space', 'ends', 'ends'], lost: ['e-a: no space'] },
  ],
  [
    'each Episode has attempts of its own',
    [
      ['a', 'x'],
      ['b', 'x'],
      ['a', 'x'],
      ['b', 'x'],
    ],
    { settled: ['no space', 'no space', 'no space', 'no space'], lost: [] },
  ],
])('%s', async (_, appends, outcome) => {
  expect(await play(appends)).toEqual(outcome);
});
