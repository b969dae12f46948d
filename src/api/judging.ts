/** How strict the judge is: the original's three expert personas, from lenient with hints to hard on every wasted step. */
export const PERSONAS = ['junior', 'senior', 'principal'] as const;
export type Persona = (typeof PERSONAS)[number];

/** heuristic: rules, always the same. llm: an LLM alone. both: an LLM, and the rules where it is late or fails. */
export const JUDGES = ['heuristic', 'llm', 'both'] as const;
export type JudgeName = (typeof JUDGES)[number];

/** Who gave one judgement. */
export const JUDGEMENT_SOURCES = ['heuristic', 'llm'] as const;
export type JudgementSource = (typeof JUDGEMENT_SOURCES)[number];
