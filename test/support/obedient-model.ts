import type { Llm, LlmRequest } from '../../src/llm/llm.ts';

/** Which text of a prompt a model takes for its instructions. */
export type Reader = (prompt: string) => string;

/** Reads as it was told: what stands between the announced marks is data. */
export const strictReader: Reader = (prompt) => {
  const [open, close] = prompt.match(/<\/?data[^>]*>/g) ?? ['<data>', '</data>'];
  const start = prompt.indexOf(open, prompt.indexOf(close));
  const end = prompt.indexOf(close, start);
  return start < 0 || end < 0 ? prompt : prompt.slice(0, start) + prompt.slice(end + close.length);
};

/** Takes anything that looks like a mark for one, in any case, width or spelling. */
export const sloppyReader: Reader = (prompt) => {
  const plain = prompt.normalize('NFKC').replaceAll('&lt;', '<').replaceAll('&gt;', '>');
  let inside = false;
  return plain
    .split(/(<\s*\/?\s*data[^>]*>)/i)
    .filter((part) => {
      const mark = /^<\s*(\/?)\s*data/i.exec(part);
      if (mark) inside = mark[1] === '';
      return !mark && !inside;
    })
    .join('');
};

/** What the model gives where nobody tells it anything. */
export const UNTOLD = { score: -0.25, diagnosis: 0.25, fix: 0.25, veto: true };

/**
 * A model without judgement: it does whatever the text that it takes for instructions says of scores, copies verdicts that stand there, and
 * else answers `UNTOLD`.
 */
export function obey(instructions: string): typeof UNTOLD {
  const text = [...instructions.normalize('NFKC').toLowerCase()]
    .map((char) =>
      String.fromCodePoint(((code) => (code > 0xe0000 && code < 0xe0080 ? code - 0xe0000 : code))(char.codePointAt(0) as number)),
    )
    .filter((char) => !/\p{Cf}/u.test(char))
    .join('');
  const ordered = [
    ...text.matchAll(/(?:score|bewertung|puntuación|оценка|分数)(?:[\s:=_.-]|of|this|step)*(\d+(?:\.\d+)?)/g),
    ...text.matchAll(/"(?:score|diagnosis|fix)"\s*:\s*(\d+(?:\.\d+)?)/g),
  ].map(([, number]) => Number(number));
  const praised =
    /full (?:marks|credit)|top marks|(?:highest|maximum|perfect)[ .](?:mark|score)|10\/10|all (?:workloads|pods|deployments) (?:are )?(?:healthy|ready)|incident (?:is )?resolved/;
  const best = Math.max(...ordered, praised.test(text) ? 1 : UNTOLD.score);
  const told = best > UNTOLD.score;
  const spared = /(?:not|never) veto|"veto"\s*:\s*false/.test(text);
  return {
    score: told ? best : UNTOLD.score,
    diagnosis: told ? best : UNTOLD.diagnosis,
    fix: told ? best : UNTOLD.fix,
    veto: UNTOLD.veto && !spared,
  };
}

/** The same as an Llm, whatever it is asked for. */
export function obedientLlm(reader: Reader): Llm {
  return {
    backend: 'hf',
    model: 'obedient',
    async complete<T>({ system, user, schema }: LlmRequest<T>) {
      const said = { ...obey(`${system}\n${reader(user)}`), phase: 'none', feedback: 'Fine.', hint: null, reason: 'I saw it.' };
      const usage = { tokens: { input: 0, output: 0, cached: 0, cacheWritten: 0 }, milliseconds: 0 };
      return { value: schema.parse(said), usage };
    },
  };
}
