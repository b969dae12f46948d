import { describe, expect, test } from '@jest/globals';
import { parseFrame } from './frames.ts';
import { MAX_FRAME_BYTES, toWireError } from './wire.ts';

describe('parseFrame', () => {
  const accepted: Record<string, { text: string; want: object }> = {
    'a reset without data': { text: '{"type":"reset"}', want: { type: 'reset', data: {} } },
    'a reset with kwargs': { text: '{"type":"reset","data":{"seed":1}}', want: { type: 'reset', data: { seed: 1 } } },
    'a step': { text: '{"type":"step","data":{"command":"ls"}}', want: { type: 'step', data: { command: 'ls' } } },
    state: { text: '{"type":"state"}', want: { type: 'state' } },
    close: { text: '{"type":"close"}', want: { type: 'close' } },
    mcp: { text: '{"type":"mcp","data":{"id":1}}', want: { type: 'mcp', data: { id: 1 } } },
  };
  test.each(Object.entries(accepted))('reads %s', (_name, { text, want }) => {
    expect(parseFrame(Buffer.from(text), false)).toEqual(want);
  });

  const refused: Record<string, { text: string; code: string; binary?: boolean }> = {
    'text that is no JSON': { text: '{', code: 'INVALID_JSON' },
    'an empty frame': { text: '', code: 'INVALID_JSON' },
    'a binary frame': { text: '{"type":"state"}', code: 'INVALID_JSON', binary: true },
    'no type': { text: '{}', code: 'UNKNOWN_TYPE' },
    'an unknown type': { text: '{"type":"fly"}', code: 'UNKNOWN_TYPE' },
    'a type from the prototype': { text: '{"type":"constructor"}', code: 'UNKNOWN_TYPE' },
    'a type that is no text': { text: '{"type":1}', code: 'UNKNOWN_TYPE' },
    'a list': { text: '[]', code: 'SESSION_ERROR' },
    null: { text: 'null', code: 'SESSION_ERROR' },
    'a number': { text: '7', code: 'SESSION_ERROR' },
    'an unknown top-level key': { text: '{"type":"state","data":{}}', code: 'VALIDATION_ERROR' },
    'a step without data': { text: '{"type":"step"}', code: 'VALIDATION_ERROR' },
    'data that is no object': { text: '{"type":"reset","data":[1]}', code: 'VALIDATION_ERROR' },
    'a frame that is too big': { text: `{"type":"step","data":{"command":"${'x'.repeat(MAX_FRAME_BYTES)}"}}`, code: 'VALIDATION_ERROR' },
  };
  test.each(Object.entries(refused))('refuses %s', (_name, { text, code, binary = false }) => {
    let thrown: unknown;
    try {
      parseFrame(Buffer.from(text), binary);
    } catch (error) {
      thrown = error;
    }
    const error = toWireError(thrown, { error: () => {} } as never);
    expect(error.code).toBe(code);
    if (code === 'VALIDATION_ERROR') expect(error.details.errors).toBeInstanceOf(Array);
  });
});
