import { DEFAULT_OUTPUT_CHARS } from '../../api/defaults.ts';

const notice = (lines: number) => `[${lines} ${lines === 1 ? 'line' : 'lines'} cut; use grep, -o, --tail]`;
// The longest notice that can come up, with its line breaks.
const NOTICE_CHARS = notice(9_999_999).length + 2;

/**
 * Cuts output to `maxChars` characters at line borders and keeps its head and its tail, half of the room each; says how many lines went.
 * A line that alone is longer than the room is cut inside.
 */
export function truncateOutput(text: string, maxChars = DEFAULT_OUTPUT_CHARS): string {
  if (text.length <= maxChars) return text;
  const room = Math.max(0, maxChars - NOTICE_CHARS);
  const lines = text.split('\n');
  const ended = lines.at(-1) === '';
  if (ended) lines.pop();
  const head = takeWithin(lines, Math.ceil(room / 2));
  const left = room - size(head);
  const tail = takeWithin(lines.slice(head.length).reverse(), left).reverse();
  const cut = lines.length - head.length - tail.length;
  if (head.length === 0 && tail.length === 0) {
    const half = Math.floor(room / 2);
    return [
      text.slice(0, room - half),
      `[${text.length - room} characters cut; use grep, -o, --tail]`,
      text.slice(text.length - half),
    ].join('\n');
  }
  return [...head, notice(cut), ...tail].join('\n') + (ended && tail.length > 0 ? '\n' : '');
}

function takeWithin(lines: string[], room: number): string[] {
  let used = 0;
  const end = lines.findIndex((line) => {
    used += line.length + 1;
    return used > room;
  });
  return end < 0 ? lines.slice() : lines.slice(0, end);
}

function size(lines: string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}
