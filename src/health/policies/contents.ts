import type { Finding, Policy } from '../policy.ts';

/**
 * ConfigMaps and Secrets hold what the team put there: an emptied one hurts nobody before its readers start again. No fault changes one, and no
 * honest fix needs to. Only a complete look knows.
 */
export const contentsKept: Policy = ({ baseline, snapshot: { present, contents } }) =>
  Object.entries(baseline.contents)
    .filter(([key, hash]) => present?.has(key) && contents?.get(key) !== hash)
    .map(([key]): Finding => ({ reason: 'ContentChanged', message: `${key} no longer holds what the team put there`, settling: false }));
