import { InvalidArgumentError } from 'commander';

/** Parser of an option that takes a whole number from `least` up, to `most` where that is given. */
export const wholeNumber =
  (least: number, most?: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least || value > (most ?? value))
      throw new InvalidArgumentError(`give a whole number ${most === undefined ? `of ${least} or more` : `from ${least} to ${most}`}`);
    return value;
  };

/** For counts and ports, both of which end there. */
export const count = wholeNumber(0, 65_535);
