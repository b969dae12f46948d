import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { truncateOutput } from './truncate.ts';

describe('truncateOutput', () => {
  test('leaves short output alone', () => expect(truncateOutput('a\nb\n')).toBe('a\nb\n'));
  test('keeps head and tail and says how much went', () => {
    const text = `${Array.from({ length: 1000 }, (_, i) => `line ${i}`).join('\n')}\n`;
    const lines = truncateOutput(text, 500).split('\n');
    expect(lines[0]).toBe('line 0');
    expect(lines.slice(-2)).toEqual(['line 999', '']);
    const notice = lines.findIndex((line) => line.startsWith('['));
    const cut = Number(/\[(\d+) lines cut; use grep, -o, --tail\]/.exec(lines[notice])?.[1]);
    expect(cut + lines.length - 2).toBe(1000);
    // Not one line of what is shown is a part of a line.
    expect(lines.filter((line) => line && !line.startsWith('[')).every((line) => /^line \d+$/.test(line))).toBe(true);
  });
  test('a single endless line is cut inside', () => {
    const cut = truncateOutput(`a${'x'.repeat(10_000)}z`, 300);
    expect(cut).toMatch(/^ax+\n\[\d+ characters cut; use grep, -o, --tail\]\nx+z$/);
  });
  test('never exceeds what was asked for, and never cuts what fits', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 300 })), fc.integer({ min: 100, max: 2000 }), (lines, max) => {
        const text = lines.join('\n');
        const out = truncateOutput(text, max);
        expect(out.length).toBeLessThanOrEqual(Math.max(max, 100));
        if (text.length <= max) expect(out).toBe(text);
      }),
    );
  });
});
