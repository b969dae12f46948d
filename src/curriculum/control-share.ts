import type { Random } from '../faults/fault.ts';

const STEPS = 1_000_000;

/** Whether the next incident is a control in which nothing is broken; `share` (0..1) of all are. Takes one number from `random`. */
export const isControl = (share: number, random: Random): boolean => random(STEPS) < share * STEPS;
