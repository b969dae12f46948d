/** One kubectl command to run. */
export interface KubectlRequest {
  /** The words after `kubectl`. */
  argv: readonly string[];
  /** Working folder, an absolute path of the session's virtual file system. */
  cwd: string;
  stdin?: Uint8Array;
  /** The session's files by absolute virtual path; kubectl sees these and no others. */
  files: ReadonlyMap<string, Uint8Array>;
  /** After this many milliseconds kubectl and all it started are killed. */
  timeoutMs: number;
  /** Aborting kills kubectl and rejects the run. */
  signal?: AbortSignal;
}

/** What became of it. */
export interface KubectlResult {
  /** kubectl's own; 137 when it was killed for time or size. */
  exitCode: number;
  stdout: Buffer;
  stderr: Buffer;
  /** A stream reached MAX_STREAM_BYTES and kubectl was ended there. */
  truncated: boolean;
  timedOut: boolean;
  /** Files that kubectl wrote or changed (`cp` out of a pod), by absolute virtual path. */
  files: Map<string, Buffer>;
}

/** Runs the real kubectl for one session, where nothing is worth reading. */
export interface KubectlRunner {
  /** @throws RunnerLostError when the runner itself is gone: a failure of the infrastructure, never of the agent */
  run(request: KubectlRequest): Promise<KubectlResult>;
  /** Ends the session: its processes, files and namespaces are gone when this resolves. */
  close(): Promise<void>;
}

/** The place where kubectl runs cannot be had or was lost. */
export class RunnerLostError extends Error {
  override name = 'RunnerLostError';
}

/** Largest stdout and largest stderr of one command, in bytes each. */
export const MAX_STREAM_BYTES = 4 * 1024 * 1024;
/** All files of a session together, each way, in bytes. */
export const MAX_FILES_BYTES = 4 * 1024 * 1024;
/** How many files of a session travel, each way. */
export const MAX_FILES = 512;
/** Home of the agent, in the shell's virtual file system as for kubectl. */
export const HOME = '/home/user';
/** Where kubectl finds its API server: a relay that leads to the session's arena view and nowhere else. */
export const VIEW_PORT = 6443;
