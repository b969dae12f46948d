import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramStatus } from '../provider.ts';
import { privateFile, startTime } from './host.ts';
import { STATE_ROOT } from './identity.ts';

/** What is kept of a node in `<state>/node.json`. */
export interface NodeRecord {
  name: string;
  slot: number;
  /** `starting` until `up` is through; a node that stays there was abandoned. */
  phase: 'starting' | 'ready';
  /** The node's first process on the host, once there is one. */
  init?: { pid: number; startTime: string };
}

export async function writeRecord(stateDir: string, record: NodeRecord): Promise<void> {
  const path = join(stateDir, 'node.json');
  await privateFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

/** Reads a node's record; undefined when there is none or it was never written whole. */
export async function readRecord(stateDir: string): Promise<NodeRecord | undefined> {
  const text = await readFile(join(stateDir, 'node.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as NodeRecord);
}

/** Slots of all nodes of this host. */
export async function takenSlots(stateRoot: string = STATE_ROOT): Promise<Set<number>> {
  const folders = await readdir(stateRoot).catch(() => []);
  const records = await Promise.all(folders.map((folder) => readRecord(join(stateRoot, folder))));
  return new Set(records.flatMap((record) => (record ? [record.slot] : [])));
}

/** Whether the node's first process lives; all others of the node end with it. */
export async function isAlive(record: NodeRecord | undefined): Promise<boolean> {
  return record?.init !== undefined && (await startTime(record.init.pid)) === record.init.startTime;
}

/** The node's programs as its first process wrote them down last. */
export async function readPrograms(stateDir: string): Promise<ProgramStatus[]> {
  const text = await readFile(join(stateDir, 'run/status.json'), 'utf8').catch(() => '[]');
  const states = JSON.parse(text) as { name: string; pid: number; since: string; restarts: number; lastExit?: string }[];
  return states.map(({ pid, ...rest }) => ({ ...rest, running: pid !== 0 }));
}
