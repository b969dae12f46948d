/** User ids of sessions come from this range, where no distribution and no container runtime puts users. */
export const FIRST_UID = 200_000;
/** Exclusive. */
export const LAST_UID = 300_000;
