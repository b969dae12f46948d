import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '../../src/cli/gymctl.ts');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A `gymctl` that runs in a process of its own, as a person starts it. */
export interface Gymctl {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Resolves once a line of progress holds `text`; rejects when the process ends before. */
  says(text: string): Promise<void>;
}

/** Starts `gymctl ...args` with the Node.js that runs the tests. */
export function startGymctl(args: readonly string[], env: NodeJS.ProcessEnv = {}): Gymctl {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: { ...process.env, ...env } });
  const out = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      out[name] += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...out })));
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => out.stderr.includes(text) && resolve();
      listeners.add(look);
      look();
      ended.then(() => reject(new Error(`gymctl ended without saying "${text}": ${out.stderr}`)));
    });
  return { child, ended, says };
}

/** Runs `gymctl ...args` to its end. */
export function gymctl(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  return startGymctl(args, env).ended;
}
