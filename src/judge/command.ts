import { type CommandNode, parse, type ScriptNode, type SimpleCommandNode, type StatementNode, type WordNode } from 'just-bash';
import { classifyKubectl, type KubectlInvocation } from './kubectl-argv.ts';

export { classifyKubectl, isSet, type KubectlInvocation, type KubectlTarget } from './kubectl-argv.ts';

/** A line of the agent as far as it can be read without running it. */
export interface ParsedCommand {
  /** kubectl commands in the order they stand; loops over plain words are unrolled, `$(...)` comes before the command around it. */
  kubectl: KubectlInvocation[];
  /** Every other program named, e.g. `grep`, `sleep`. */
  programs: string[];
  /** Equal for lines that ask for the same thing: aliases, flag order, flag spelling and quoting do not matter. */
  normalized: string;
  /** Set when the line is not shell at all; then nothing of it would run. */
  syntaxError?: string;
}

const MAX_INVOCATIONS = 64;
const MAX_DEPTH = 8;
// Nested loops over plain words multiply.
const MAX_COMMANDS = 2000;
const KUBECTL = /^(?:.*\/)?(?:kubectl|k)$/;
// Programs that run another one: what remains of their arguments is that one's command line.
const WRAPPERS: Record<string, (args: string[]) => string[]> = {
  sudo: (args) => dropOptions(args, 'ugp'),
  env: (args) => dropAssignments(dropOptions(args, 'uC')),
  time: (args) => dropOptions(args, ''),
  nohup: (args) => args,
  command: (args) => dropOptions(args, ''),
  exec: (args) => args,
  timeout: (args) => dropOptions(args, 'ks').slice(1),
  watch: (args) => dropOptions(args, 'n'),
  xargs: (args) => dropOptions(args, 'nILPdsa'),
};

/**
 * Reads a line of the agent: which kubectl commands it holds, by the grammar of the shell that runs it.
 *
 * @param line shell text, already cleaned by `cleanLine`; may span several lines
 */
export function parseCommand(line: string): ParsedCommand {
  const walk = new Walk();
  try {
    walk.script(parse(line), 0);
  } catch (error) {
    return {
      kubectl: [],
      programs: [],
      normalized: line.trim().replace(/\s+/g, ' '),
      syntaxError: error instanceof Error ? error.message : String(error),
    };
  }
  return { kubectl: walk.kubectl, programs: walk.programs, normalized: walk.forms.join(' ; ') };
}

/**
 * Takes off what models write around a command: Markdown fences and backticks, a `$ ` prompt, `fix:` (any case), surrounding space.
 * The text in between stays byte for byte, because heredocs are sensitive to it.
 */
export function cleanLine(text: string): string {
  let line = text.replace(/\r\n/g, '\n').trim();
  for (let previous = ''; previous !== line; ) {
    previous = line;
    line = line.replace(/^```[ \t]*(?:bash|sh|shell|console|zsh)?[ \t]*\n?([\s\S]*?)\n?[ \t]*```$/i, '$1').trim();
    line = line.replace(/^`([^`\n]+)`$/, '$1').trim();
    line = line.replace(/^fix:\s*/i, '');
    line = line.replace(/^[$#>][ \t]+(?=\S)/, '');
  }
  return line;
}

/** One canonical text per kubectl command: `delete pod/a -n x --force=true`. */
export function normalizeKubectl(invocation: KubectlInvocation): string {
  const targets = invocation.targets.map(({ resource, name }) => (name ? `${resource}/${name}` : resource));
  const data =
    invocation.targets.length > 0
      ? invocation.positionals.filter((word) => word.includes('=') || word.endsWith('-'))
      : invocation.positionals;
  const flags = [...invocation.flags].map(([name, values]) => `--${name}=${values.map(squeeze).join(',')}`).sort();
  const command = invocation.command.length > 0 ? ['--', ...invocation.command] : [];
  return ['kubectl', invocation.verb, ...targets, ...data.sort(), ...flags, ...command].filter(Boolean).join(' ');
}

class Walk {
  readonly kubectl: KubectlInvocation[] = [];
  readonly programs: string[] = [];
  readonly forms: string[] = [];
  readonly #variables = new Map<string, string>();
  #commands = 0;

  script(script: ScriptNode, depth: number): void {
    this.statements(script.statements, depth);
  }

  statements(statements: StatementNode[], depth: number): void {
    for (const statement of statements)
      for (const pipeline of statement.pipelines) for (const command of pipeline.commands) this.command(command, depth);
  }

  command(node: CommandNode, depth: number): void {
    if (this.kubectl.length >= MAX_INVOCATIONS || ++this.#commands > MAX_COMMANDS || depth > MAX_DEPTH) return;
    switch (node.type) {
      case 'SimpleCommand':
        this.simple(node, depth);
        return;
      case 'If':
        for (const clause of node.clauses) {
          this.statements(clause.condition, depth);
          this.statements(clause.body, depth);
        }
        this.statements(node.elseBody ?? [], depth);
        return;
      case 'For': {
        const values = (node.words ?? []).flatMap((word) => this.words(word, depth));
        // A word the shell makes up at run time (`$(kubectl get ...)`) leaves the variable unknown: one pass stands for all.
        if (values.length === 0 || values.some((value) => value.includes('$'))) {
          this.statements(node.body, depth + 1);
          return;
        }
        for (const value of values) {
          this.#variables.set(node.variable, value);
          this.statements(node.body, depth + 1);
        }
        this.#variables.delete(node.variable);
        return;
      }
      case 'While':
      case 'Until':
        this.statements(node.condition, depth + 1);
        this.statements(node.body, depth + 1);
        return;
      case 'CStyleFor':
      case 'Subshell':
      case 'Group':
        this.statements(node.body, depth + 1);
        return;
      case 'Case':
        for (const item of node.items) this.statements(item.body, depth + 1);
        return;
      case 'FunctionDef':
        this.command(node.body, depth + 1);
        return;
    }
  }

  simple(node: SimpleCommandNode, depth: number): void {
    for (const { name, value } of node.assignments) {
      const text = value ? this.words(value, depth).join(' ') : '';
      // `$(...)` is only known at run time.
      if (text.includes('$')) this.#variables.delete(name);
      else this.#variables.set(name, text);
    }
    if (!node.name) return;
    const words = [node.name, ...node.args].flatMap((word) => this.words(word, depth));
    const redirected = node.redirections.map((redirection) => {
      if (redirection.target.type !== 'HereDoc') return `${redirection.operator} ${this.words(redirection.target, depth).join(' ')}`;
      return `<< ${this.words(redirection.target.content, depth).join(' ').trim()}`;
    });
    this.run(words, redirected, depth);
  }

  run(words: string[], redirected: string[], depth: number): void {
    const [program, ...args] = words;
    if (program === undefined) return;
    const script = scriptArgument(program, args);
    if (script !== undefined && depth < MAX_DEPTH) {
      const inner = parseInner(script);
      if (inner) {
        this.script(inner, depth + 1);
        return;
      }
    }
    if (KUBECTL.test(program)) {
      const invocation = classifyKubectl(args);
      this.kubectl.push(invocation);
      this.forms.push([normalizeKubectl(invocation), ...redirected].join(' '));
      return;
    }
    if (Object.hasOwn(WRAPPERS, program)) {
      const inner = WRAPPERS[program](args);
      if (inner.length > 0) {
        if (program === 'xargs') this.forms.push('xargs');
        this.run(inner, redirected, depth + 1);
        return;
      }
    }
    this.programs.push(program);
    this.forms.push([...words, ...redirected].join(' '));
  }

  words(word: WordNode, depth: number): string[] {
    let texts = [''];
    const append = (options: string[]) => {
      texts = texts.flatMap((text) => options.map((option) => text + option)).slice(0, MAX_INVOCATIONS);
    };
    for (const part of word.parts) append(this.part(part, depth));
    return texts;
  }

  part(part: WordNode['parts'][number], depth: number): string[] {
    switch (part.type) {
      case 'Literal':
      case 'SingleQuoted':
      case 'Escaped':
        return [part.value];
      case 'DoubleQuoted':
        return this.words({ type: 'Word', parts: part.parts }, depth);
      case 'ParameterExpansion':
        return [(part.operation === null ? this.#variables.get(part.parameter) : undefined) ?? `$${part.parameter}`];
      case 'CommandSubstitution':
      case 'ProcessSubstitution':
        this.statements(part.body.statements, depth + 1);
        return ['$(...)'];
      case 'BraceExpansion':
        return part.items.flatMap((item) => (item.type === 'Word' ? this.words(item.word, depth) : range(item.start, item.end, item.step)));
      case 'Glob':
        return [part.pattern];
      case 'TildeExpansion':
        return ['~'];
      default:
        return ['$((...))'];
    }
  }
}

function scriptArgument(program: string, args: string[]): string | undefined {
  if (program === 'eval') return args.join(' ');
  if (!/^(?:.*\/)?(?:ba|z|da)?sh$/.test(program)) return undefined;
  const at = args.findIndex((arg) => /^-[a-z]*c$/.test(arg));
  return at < 0 ? undefined : args[at + 1];
}

function parseInner(script: string): ScriptNode | undefined {
  try {
    return parse(script);
  } catch {
    return undefined;
  }
}

function range(start: string | number, end: string | number, step?: number): string[] {
  if (typeof start !== 'number' || typeof end !== 'number') return [`${start}..${end}`];
  const by = Math.max(1, Math.abs(step ?? 1));
  const count = Math.min(MAX_INVOCATIONS, Math.floor(Math.abs(end - start) / by) + 1);
  return Array.from({ length: count }, (_, i) => String(start + (end < start ? -i : i) * by));
}

function dropOptions(args: string[], withValue: string): string[] {
  let i = 0;
  while (i < args.length && args[i].startsWith('-') && args[i] !== '-') {
    const option = args[i];
    i += option.length === 2 && withValue.includes(option[1]) ? 2 : 1;
    if (option === '--') break;
  }
  return args.slice(i);
}

function dropAssignments(args: string[]): string[] {
  const first = args.findIndex((arg) => !/^[A-Za-z_]\w*=/.test(arg));
  return first < 0 ? [] : args.slice(first);
}

function squeeze(value: string): string {
  return value.trim().replace(/\s+/g, ' ');
}
