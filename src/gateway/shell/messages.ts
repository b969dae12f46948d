/** What there is, in one line. */
export const AVAILABLE =
  'This shell has kubectl, grep, sed, awk, jq, yq, sort, uniq, head, tail, cut, tr, wc, xargs, find, diff, base64, cat and report; no network.';

/** Words the interpreter's own limits in terms that help the person at the prompt, and says once what there is when a program is missing. */
export function polishOutput(output: string): string {
  const text = output
    .replace(/^bash: (\S+): command not available in browser environments\..*$/gm, 'bash: $1: command not found')
    .replace(/^bash: (?:\S+: )?too many commands executed \(>(\d+)\).*$/gm, '[stopped: more than $1 commands in one line]')
    .replace(/^just-bash shell builtins$/gm, 'GNU bash, shell builtins')
    .replace(/, increase executionLimits\.\w+/g, '');
  if (!/^bash: \S+: command not found$/m.test(text)) return text;
  return `${text}${text.endsWith('\n') ? '' : '\n'}${AVAILABLE}\n`;
}
