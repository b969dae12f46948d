import { InvalidArgumentError } from 'commander';
import { FAULT_NAMES } from '../designer/seeded.ts';

/** Parser of an option or argument that names what to break. */
export function faultName(text: string): string {
  if (!FAULT_NAMES.includes(text)) throw new InvalidArgumentError(`the faults are ${FAULT_NAMES.join(', ')}`);
  return text;
}
