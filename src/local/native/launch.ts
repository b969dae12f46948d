import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { ClusterError } from '../provider.ts';

/** A node that is being made. */
export interface LaunchedNode {
  /** Its first process, on the host. */
  pid: number;
  /** Tells the node that its link is there. */
  linked(): void;
  /** Lets the node live on after this process; until then it ends with it. */
  commit(): void;
}

/** Starts `nodeinit` with a specification file. Throws ClusterError with its words when it fails. */
export async function launchNode(nodeinit: string, specPath: string): Promise<LaunchedNode> {
  // The control pipe is not standard input: Node.js closes that when the launcher ends, which is at once.
  const launcher = spawn(nodeinit, ['launch', specPath], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true });
  const [, stdout, stderr, control] = launcher.stdio as unknown as [null, Socket, Socket, Socket];
  control.on('error', () => {});
  const [answer, words] = await Promise.all([text(stdout), text(stderr)]);
  if (!answer) throw new ClusterError(`The node could not be started: ${words.trim()}`);
  return {
    pid: (JSON.parse(answer) as { pid: number }).pid,
    linked: () => control.write('linked\n'),
    commit: () => {
      control.write('commit\n');
      control.destroySoon();
    },
  };
}
