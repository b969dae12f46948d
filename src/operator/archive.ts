import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Episode, EpisodeSpec, EpisodeStatus } from '../api/episode.ts';
import type { Incident, IncidentSpec, IncidentStatus } from '../api/incident.ts';
import type { Step, StepSpec } from '../api/step.ts';

/** What is known of an episode when it has ended. */
export interface FinishedEpisode {
  episode: Episode;
  /** Absent when there never was one. */
  incident?: Incident;
  steps: readonly Step[];
}

/** One line of the archive: the whole transcript, before an Episode shrinks. Times are RFC 3339. */
export interface ArchiveRecord {
  /** Uid of the Episode: readers keep one record of each. */
  uid: string;
  name: string;
  namespace: string;
  spec: EpisodeSpec;
  status: EpisodeStatus;
  incident?: { name: string; spec: IncidentSpec; status: IncidentStatus };
  steps: StepSpec[];
}

/** Where finished episodes go. append settles once the record would survive a crash; the same Episode again changes nothing. */
export interface ArchiveSink {
  append(finished: FinishedEpisode): Promise<void>;
}

/** The record of an episode. Throws for an Episode that was never stored. */
export function recordOf({ episode, incident, steps }: FinishedEpisode): ArchiveRecord {
  const { uid, name, namespace } = episode.metadata;
  if (!uid) throw new Error(`Episode ${name} has no uid; only stored Episodes can be archived`);
  return {
    uid,
    name,
    namespace: namespace ?? '',
    spec: episode.spec,
    status: episode.status ?? {},
    ...(incident ? { incident: { name: incident.metadata.name, spec: incident.spec, status: incident.status ?? {} } } : {}),
    steps: steps.map((step) => step.spec),
  };
}

/** JSON lines in one file. Only one process may write it. */
export class FileArchive implements ArchiveSink {
  readonly #file: FileHandle;
  readonly #uids: Set<string>;
  #last: Promise<void> = Promise.resolve();
  /** A write failed since the last one that did not, so that the file may end in half a line. */
  #mayBeCut = false;

  private constructor(file: FileHandle, uids: Set<string>) {
    this.#file = file;
    this.#uids = uids;
  }

  /** Opens or makes the file and reads which episodes it holds; what a crash left of a last line is closed off. `openFile`: as that of node:fs. */
  static async open(path: string, openFile: typeof open = open): Promise<FileArchive> {
    await mkdir(dirname(path), { recursive: true });
    const file = await openFile(path, 'a+');
    try {
      const uids = await uidsIn(path);
      await endLine(file);
      return new FileArchive(file, uids);
    } catch (error) {
      await file.close();
      throw new Error(`The archive ${path} cannot be read: ${(error as Error).message}`, { cause: error });
    }
  }

  async append(finished: FinishedEpisode): Promise<void> {
    const record = recordOf(finished);
    const written = this.#last.then(() => this.#write(record));
    // A failed write is its caller's to handle; the next one must still run.
    this.#last = written.catch(() => {});
    await written;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  async #write(record: ArchiveRecord): Promise<void> {
    if (this.#uids.has(record.uid)) return;
    const line = `${JSON.stringify(record)}\n`;
    if (this.#mayBeCut) await endLine(this.#file);
    this.#mayBeCut = true;
    await this.#file.appendFile(line);
    await this.#file.datasync();
    this.#mayBeCut = false;
    this.#uids.add(record.uid);
  }
}

const NEWLINE = 0x0a;

/** Closes off a last line that was cut short, so that only that record is lost. */
async function endLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  if (size > 0 && (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== NEWLINE) await file.write('\n');
}

async function uidsIn(path: string): Promise<Set<string>> {
  const uids = new Set<string>();
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const uid = uidOf(line);
    if (uid) uids.add(uid);
  }
  return uids;
}

/** Undefined for a line that was cut short. */
function uidOf(line: string): string | undefined {
  try {
    return (JSON.parse(line) as Partial<ArchiveRecord> | null)?.uid;
  } catch {
    return undefined;
  }
}
