import { z } from 'zod';
import { GatewayError } from '../session-api.ts';
import { MAX_FRAME_BYTES } from './wire.ts';

const data = z.record(z.string(), z.unknown());

const frames = {
  reset: z.strictObject({ type: z.literal('reset'), data: data.default({}) }),
  step: z.strictObject({ type: z.literal('step'), data }),
  state: z.strictObject({ type: z.literal('state') }),
  close: z.strictObject({ type: z.literal('close') }),
  mcp: z.strictObject({ type: z.literal('mcp'), data }),
};

/** A message that a client may send on `/ws`. */
export type ClientFrame = { [T in keyof typeof frames]: z.output<(typeof frames)[T]> }[keyof typeof frames];

/**
 * Reads one text frame of `/ws`.
 * @throws GatewayError INVALID_JSON, UNKNOWN_TYPE, VALIDATION_ERROR (too big), SESSION_ERROR (JSON that is no object)
 * @throws z.ZodError for a known type with wrong or unknown members
 */
export function parseFrame(raw: Buffer, isBinary: boolean): ClientFrame {
  if (isBinary) throw new GatewayError('INVALID_JSON', 'Binary frame; send JSON in text frames');
  if (raw.length > MAX_FRAME_BYTES) {
    throw new GatewayError('VALIDATION_ERROR', `Frame of ${raw.length} bytes; the limit is ${MAX_FRAME_BYTES}`);
  }
  let message: unknown;
  try {
    message = JSON.parse(raw.toString('utf8'));
  } catch (error) {
    throw new GatewayError('INVALID_JSON', `Invalid JSON: ${(error as Error).message}`);
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw new GatewayError('SESSION_ERROR', 'A message must be a JSON object with a "type"');
  }
  const type = 'type' in message ? message.type : '';
  if (typeof type !== 'string' || !Object.hasOwn(frames, type)) {
    const shown = JSON.stringify(type).slice(0, 100);
    throw new GatewayError('UNKNOWN_TYPE', `Unknown message type: ${shown}; known are ${Object.keys(frames).join(', ')}`);
  }
  return frames[type as keyof typeof frames].parse(message);
}
