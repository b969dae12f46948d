/** Numbers that several areas share; each with where it comes from. */

/** Steps an agent gets unless the Episode says otherwise (the original's MAX_STEPS). */
export const DEFAULT_MAX_STEPS = 16;
export const MAX_STEPS_LIMIT = 64;
/** Seconds an Incident may stay unresolved before it ends TimedOut. */
export const DEFAULT_RESOLUTION_TIMEOUT_SECONDS = 1800;
/** Shortest time everything must stay healthy, whatever the fault's own period (design: max(5 s, 1.5 x recurrence)). */
export const MIN_HOLD_SECONDS = 5;
export const RECURRENCE_FACTOR = 1.5;
/** A fault whose symptom has not shown by then never took effect: unscorable. */
export const SYMPTOM_TIMEOUT_SECONDS = 60;
/** Frame budget of the gateway: 20 s command + 25 s settle + 5 s judge (clients give up at 60 s). */
export const COMMAND_TIMEOUT_SECONDS = 20;
export const SETTLE_TIMEOUT_SECONDS = 25;
export const JUDGE_TIMEOUT_SECONDS = 5;
export const RESET_TIMEOUT_SECONDS = 50;
/** Environment time an episode may use in all; it runs only while a frame is unanswered. */
export const DEFAULT_DEADLINE_SECONDS = 900;
/** A gateway whose Lease was not renewed for this long is gone. */
export const GATEWAY_LEASE_SECONDS = 15;
/** Finished Incidents and their Episodes are removed after this long. */
export const DEFAULT_TTL_SECONDS = 3600;
/** Longest that a copy of the app may take to get healthy; image pulls and new nodes included. */
export const ARENA_MAKING_SECONDS = 600;
/** Arena deletion escalates: force-delete pods, then strip finalizers, then condition Stuck. */
export const ARENA_FORCE_PODS_SECONDS = 10;
export const ARENA_STRIP_FINALIZERS_SECONDS = 20;
export const ARENA_STUCK_SECONDS = 60;

/**
 * The hardest incident that can be drawn: three faults, the hardest type among them, before distance and noise (src/designer/difficulty.ts; a
 * test there compares). Nothing harder can be asked for.
 */
export const GREATEST_DRAWN_DIFFICULTY = 0.7;

/** The registry that every image of the gym and of its apps names; a node of ours answers for it itself. */
export const IMAGE_REGISTRY = 'registry.local';

/** Bounds of what an Episode keeps of a step (design: 1 KiB and 2 KiB; full text goes to the archive). */
export const STEP_COMMAND_BYTES = 1024;
export const STEP_OUTPUT_BYTES = 2048;
export const FINAL_EPISODE_BYTES = 16 * 1024;
/** Characters of output an agent sees of one step by default. */
export const DEFAULT_OUTPUT_CHARS = 4000;
/** The Curriculum that a reset asks unless it names another; an installation brings it along. */
export const DEFAULT_CURRICULUM = 'default';
export const DEFAULT_SPLIT = 'train';
export const DEFAULT_RUN = 'default';
/** A train run that nobody has reset for so long is over (design: 24 h). */
export const RUN_LIFE_SECONDS = 24 * 3600;
