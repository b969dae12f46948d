import type { Verdict } from '../../api/step.ts';

/** A kubectl command that a line ran, with its own exit code. */
export interface KubectlCall {
  argv: string[];
  exitCode: number;
}

/** Exit code of what ran out of time, as coreutils' timeout has it. */
export const TIMED_OUT = 124;

/** What is known of the line that is running. */
export interface Line {
  /** When kubectl and sleep stop, on the shell's clock in milliseconds; `timeout N` moves it closer for a while. */
  deadline: number;
  /** Something was cut short by `deadline`. */
  stopped: boolean;
  readonly calls: KubectlCall[];
  report?: Verdict;
  /** Why kubectl could not be run at all. */
  lost?: unknown;
}
