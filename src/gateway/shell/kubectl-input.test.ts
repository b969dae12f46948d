import { describe, expect, test } from '@jest/globals';
import { inputProblem } from './kubectl-input.ts';

const good = { argv: ['get', 'pods'], stdin: Buffer.from('x'), cwd: '/home/user', files: ['/tmp/a.yaml'] };

describe('inputProblem', () => {
  test('finds none in what is usual', () => expect(inputProblem(good)).toBeUndefined());
  test.each([
    ['a word of 128 KiB', { ...good, argv: ['x'.repeat(128 * 1024)] }, /Argument list too long/],
    ['thousands of words', { ...good, argv: Array.from({ length: 3000 }, () => 'x') }, /Argument list too long/],
    ['NUL', { ...good, argv: ['a\0'] }, /NUL/],
    ['a huge input', { ...good, stdin: Buffer.alloc(5 * 1024 ** 2) }, /larger than 4 MiB/],
    ['a long file name', { ...good, files: [`/tmp/${'é'.repeat(200)}`] }, /File name too long/],
    ['a deep folder', { ...good, cwd: '/a'.repeat(3000) }, /File name too long/],
  ])('names %s', (_name, input, problem) => expect(inputProblem(input)).toMatch(problem));
});
