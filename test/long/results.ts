import { mkdir, rename, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { must } from '../../src/local/command.ts';
import { PACKAGE_ROOT } from '../../src/local/images/paths.ts';

/** `docs/results/<name>.json`: what was run, a summary, and one line per result. Written anew after each, so that a run that is cut short is kept. */
export class Results<T> {
  readonly lines: T[] = [];
  readonly #file: string;
  readonly #head: Record<string, unknown>;
  readonly #summary: (lines: readonly T[]) => Record<string, unknown>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, head: Record<string, unknown>, summary: (lines: readonly T[]) => Record<string, unknown>) {
    this.#file = file;
    this.#head = head;
    this.#summary = summary;
  }

  /** @param command what a reader types to run it again */
  static async open<T>(name: string, command: string, summary: (lines: readonly T[]) => Record<string, unknown>): Promise<Results<T>> {
    const commit = (await must('git', ['-C', PACKAGE_ROOT, 'rev-parse', 'HEAD'])).trim();
    const changed = (await must('git', ['-C', PACKAGE_ROOT, 'status', '--porcelain', '--', 'src', 'sample_app', 'deploy', 'crds'])).trim();
    const head = {
      commit: changed ? `${commit} with changes` : commit,
      command,
      machine: `${cpus().length} x ${cpus()[0]?.model.trim()}`,
      started: new Date().toISOString(),
    };
    return new Results(join(PACKAGE_ROOT, 'docs/results', `${name}.json`), head, summary);
  }

  add(line: T): Promise<void> {
    this.lines.push(line);
    return this.save();
  }

  /** Writes the summary anew, where it tells of more than the lines. */
  save(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  get summary(): Record<string, unknown> {
    return this.#summary(this.lines);
  }

  async #write(): Promise<void> {
    const head = { ...this.#head, finished: new Date().toISOString(), summary: this.summary };
    const lines = this.lines.map((line) => `    ${JSON.stringify(line)}`).join(',\n');
    const text = `${JSON.stringify(head, null, 2).replace(/\n}$/, '')},\n  "results": [\n${lines}\n  ]\n}\n`;
    await mkdir(dirname(this.#file), { recursive: true });
    await writeFile(`${this.#file}.new`, text);
    await rename(`${this.#file}.new`, this.#file);
  }
}
