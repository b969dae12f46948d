import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ArchiveRecord, FileArchive, type FinishedEpisode } from './archive.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'archive-'));
  path = join(folder, 'deep', 'episodes.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const finished = (uid: string): FinishedEpisode => ({
  episode: {
    apiVersion: 'kubesregym.dev/v1alpha1',
    kind: 'Episode',
    metadata: { name: `e-${uid}`, namespace: 'kube-sre-gym', uid },
    spec: { incident: { faults: [] } },
    status: { outcome: 'Resolved', reward: 6.1875 },
  },
  incident: { apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Incident', metadata: { name: `e-${uid}` }, spec: { faults: [] } },
  steps: [
    {
      apiVersion: 'kubesregym.dev/v1alpha1',
      kind: 'Step',
      metadata: { name: `e-${uid}-1` },
      spec: {
        episode: `e-${uid}`,
        index: 1,
        action: 'Command',
        command: 'kubectl get pods\n# äöü',
        output: 'x'.repeat(16000),
        durationMs: 1,
        mutations: 0,
        completedTime: '2026-01-01T00:00:00.000Z',
      },
    },
  ],
});
const lines = (): string[] => readFileSync(path, 'utf8').split('\n').filter(Boolean);
const uids = (): string[] =>
  lines().flatMap((line) => {
    try {
      return [(JSON.parse(line) as ArchiveRecord).uid];
    } catch {
      return [];
    }
  });

describe('FileArchive', () => {
  test('keeps the whole transcript on one line', async () => {
    const archive = await FileArchive.open(path);
    await archive.append(finished('a'));
    await archive.close();
    expect(lines()).toHaveLength(1);
    const record = JSON.parse(lines()[0]) as ArchiveRecord;
    expect(record).toMatchObject({ uid: 'a', name: 'e-a', status: { outcome: 'Resolved', reward: 6.1875 }, incident: { name: 'e-a' } });
    expect(record.steps[0].command).toBe('kubectl get pods\n# äöü');
    expect(record.steps[0].output).toHaveLength(16000);
  });

  test('the same episode again changes nothing, in the same process and after a restart', async () => {
    const first = await FileArchive.open(path);
    await Promise.all([first.append(finished('a')), first.append(finished('a')), first.append(finished('b'))]);
    await first.close();
    const second = await FileArchive.open(path);
    await second.append(finished('b'));
    await second.append(finished('c'));
    await second.close();
    expect(uids()).toEqual(['a', 'b', 'c']);
  });

  test('an append is in the file once it settled', async () => {
    const archive = await FileArchive.open(path);
    await archive.append(finished('a'));
    expect(uids()).toEqual(['a']);
    await archive.close();
  });

  test('a line that a crash cut short costs that record only, and it can be written again', async () => {
    const first = await FileArchive.open(path);
    await first.append(finished('a'));
    await first.append(finished('b'));
    await first.close();
    truncateSync(path, readFileSync(path).length - 40);
    const second = await FileArchive.open(path);
    await second.append(finished('b'));
    await second.append(finished('c'));
    await second.close();
    expect(uids()).toEqual(['a', 'b', 'c']);
  });

  test('foreign lines are left alone', async () => {
    await (await FileArchive.open(path)).close();
    appendFileSync(path, 'null\nnot json\n');
    const archive = await FileArchive.open(path).catch((error: Error) => error.message);
    expect(archive).toBeInstanceOf(FileArchive);
    await (archive as FileArchive).close();
  });

  test('an Episode that was never stored is refused', async () => {
    const archive = await FileArchive.open(path);
    const { episode, ...rest } = finished('a');
    const unstored = { ...rest, episode: { ...episode, metadata: { name: 'e' } } };
    await expect(archive.append(unstored)).rejects.toThrow('Episode e has no uid; only stored Episodes can be archived');
    await archive.close();
  });

  test('one failed write does not keep the next from being written', async () => {
    const archive = await FileArchive.open(path);
    const circular = finished('a');
    (circular.episode.spec as Record<string, unknown>).self = circular.episode.spec;
    await expect(archive.append(circular)).rejects.toThrow('circular');
    await archive.append(finished('b'));
    await archive.close();
    expect(uids()).toEqual(['b']);
  });

  test.each<[string, (line: string) => string, string[]]>([
    ['half of a line', (line) => line.slice(0, line.length / 2), ['a', 'b', 'c']],
    ['a whole line, whose sync then failed', (line) => line, ['a', 'b', 'b', 'c']],
    ['a whole line without its end', (line) => line.trimEnd(), ['a', 'b', 'b', 'c']],
    ['nothing', () => '', ['a', 'b', 'c']],
  ])('a write that failed and left %s spoils no other line, and its record can be written again', async (_, left, kept) => {
    let full = false;
    const archive = await FileArchive.open(path, async (...args) => {
      const file = await open(...args);
      const append = file.appendFile.bind(file);
      file.appendFile = async (line) => {
        await append(full ? left(line as string) : line);
        if (full) throw new Error('ENOSPC: no space left on device, write');
      };
      return file;
    });
    await archive.append(finished('a'));
    full = true;
    await expect(archive.append(finished('b'))).rejects.toThrow('ENOSPC');
    full = false;
    await archive.append(finished('b'));
    await archive.append(finished('c'));
    await archive.close();
    expect(uids()).toEqual(kept);
    expect(readFileSync(path, 'utf8')).not.toMatch(/^$\n/m);
  });

  test('a path that cannot be opened says which', async () => {
    await expect(FileArchive.open('/dev/null/x.jsonl')).rejects.toThrow('/dev/null');
  });
});
