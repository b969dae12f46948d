/** So many useless answers in a row, whoever asked, are more than one agent's doing or bad luck. */
export const USELESS_ANSWERS = 10;

/**
 * Counts answers that are of no use (refusals, nonsense, floods) since the last good one. Pure memory: it turns nobody away, since agents can
 * provoke such answers, and must not silence the judge of others.
 */
export class UselessAnswers {
  #inARow = 0;

  /** How many in a row, in full tens, so that what is said of it does not change with every answer; 0 while it is fewer than USELESS_ANSWERS. */
  get lasting(): number {
    return this.#inARow - (this.#inARow % USELESS_ANSWERS);
  }

  useful(): void {
    this.#inARow = 0;
  }

  useless(): void {
    this.#inARow++;
  }
}
