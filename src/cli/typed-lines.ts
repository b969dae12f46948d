import { createInterface } from 'node:readline/promises';

/**
 * Lines that a person types at a prompt, or that are piped in, without the empty ones, until Ctrl-D or Ctrl-C. Nothing is read before the first is
 * asked for: what is piped in would be lost while nobody takes it.
 */
export async function* typedLines(): AsyncGenerator<string> {
  const interactive = process.stdin.isTTY;
  const output = interactive ? process.stdout : undefined;
  using lines = createInterface({ input: process.stdin, output, prompt: '$ ', terminal: interactive });
  lines.on('SIGINT', () => lines.close());
  if (interactive) lines.prompt();
  for await (const line of lines) {
    if (line.trim()) yield line;
    if (interactive) lines.prompt();
  }
}
