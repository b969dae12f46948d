/** Which kind of cluster: our own node, kind in Docker, or a cluster that a kubeconfig names. */
export type ProviderKind = 'native' | 'kind' | 'context';

/** One program of a native node, as its first process sees it. */
export interface ProgramStatus {
  name: string;
  running: boolean;
  restarts: number;
  /** ISO time of the last start, or of the last end when it does not run. */
  since: string;
  lastExit?: string;
}

export interface ClusterStatus {
  provider: ProviderKind;
  name: string;
  /** The API server answers /readyz and every node is Ready. */
  ready: boolean;
  /** One sentence for a person. */
  summary: string;
  kubeconfig?: string;
  programs: ProgramStatus[];
}

export interface UpOptions {
  /** Ends an `up` that is under way; what it had made is removed again. */
  signal?: AbortSignal;
}

export interface ClusterProvider {
  readonly kind: ProviderKind;
  readonly name: string;
  /** Makes the cluster usable and returns its kubeconfig's path; on a running one it returns at once. */
  up(options?: UpOptions): Promise<string>;
  /** Removes all that `up` made, in whatever state it is. */
  down(): Promise<void>;
  status(): Promise<ClusterStatus>;
  /** Path of a cluster-admin kubeconfig. Throws ClusterError when there is no such cluster. */
  kubeconfig(): Promise<string>;
  /** Imports OCI or Docker image archives into the nodes and returns the names that they hold. */
  loadImage(archives: readonly string[]): Promise<string[]>;
}

/** An error whose message is written for the person who started the command: what happened and what to do. */
export class ClusterError extends Error {
  override name = 'ClusterError';
}

/** Tells a person what happens now; one line, without a full stop. */
export type Progress = (line: string) => void;
