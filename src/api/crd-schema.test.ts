import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { toCrd } from './crd.ts';
import { CrdSchemaError, toStructuralSchema } from './crd-schema.ts';
import { gymKinds } from './kinds.ts';

const of = (schema: z.ZodType) => toStructuralSchema(schema, 'spec');
const INT32 = { type: 'integer', format: 'int32' };

describe('toStructuralSchema', () => {
  const cases: [string, z.ZodType, unknown][] = [
    ['an integer or a string is int-or-string', z.union([z.int(), z.string()]), { 'x-kubernetes-int-or-string': true }],
    ['anything at all is preserved', z.unknown(), { 'x-kubernetes-preserve-unknown-fields': true }],
    [
      'a loose object keeps what it does not know',
      z.looseObject({ a: z.string() }),
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], 'x-kubernetes-preserve-unknown-fields': true },
    ],
    [
      'a strict object loses additionalProperties',
      z.strictObject({ a: z.string() }),
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
    ],
    [
      'a map keeps the schema of its values',
      z.record(z.string(), z.string()).meta({ maxProperties: 4 }),
      { type: 'object', additionalProperties: { type: 'string' }, maxProperties: 4 },
    ],
    ['an integer loses the bounds of a double', z.int(), { type: 'integer', format: 'int64' }],
    ['a small integer is an int32', z.int().min(1).max(64), { ...INT32, minimum: 1, maximum: 64 }],
    [
      'a nullable enum becomes a rule',
      z.enum(['a', 'b']).nullable(),
      { type: 'string', nullable: true, 'x-kubernetes-validations': [{ rule: 'self in ["a","b"]', message: 'must be one of a, b' }] },
    ],
    ['a known format goes without its pattern', z.iso.datetime(), { type: 'string', format: 'date-time' }],
    ['a duration’s lookahead goes with it', z.iso.duration(), { type: 'string', format: 'duration' }],
    ['address blocks have one format', z.cidrv4(), { type: 'string', format: 'cidr' }],
    [
      'a tuple of one type is a list of it',
      z.tuple([z.string(), z.string()]).meta({ maxItems: 2 }),
      { type: 'array', items: { type: 'string' }, maxItems: 2, minItems: 2 },
    ],
    ['literals make an enum', z.union([z.literal('a'), z.literal('b')]), { type: 'string', enum: ['a', 'b'] }],
    [
      'defaults stay and make a field optional',
      z.object({ a: z.int().min(0).max(9).default(3) }),
      { type: 'object', properties: { a: { ...INT32, minimum: 0, maximum: 9, default: 3 } } },
    ],
    [
      'a nested object’s defaults apply when it is absent',
      z.object({ a: z.object({ b: z.string().default('c') }).prefault({}) }),
      { type: 'object', properties: { a: { type: 'object', default: {}, properties: { b: { type: 'string', default: 'c' } } } } },
    ],
    [
      'an intersection is merged',
      z.object({ a: z.string() }).and(z.object({ b: z.string() })),
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, required: ['a', 'b'] },
    ],
  ];
  test.each(cases)('%s', (_name, schema, expected) => expect(of(schema)).toEqual(expected));

  test('variants of an object lie side by side; values and required tell them apart', () => {
    const schema = z.discriminatedUnion('type', [
      z.object({ type: z.literal('http'), url: z.string() }),
      z.object({ type: z.literal('file'), path: z.string() }),
    ]);
    expect(of(schema)).toEqual({
      type: 'object',
      properties: { type: { type: 'string', enum: ['http', 'file'] }, url: { type: 'string' }, path: { type: 'string' } },
      required: ['type'],
      oneOf: [
        { properties: { type: { enum: ['http'] } }, required: ['type', 'url'] },
        { properties: { type: { enum: ['file'] } }, required: ['type', 'path'] },
      ],
    });
  });

  const node: z.ZodType = z.lazy(() => z.object({ child: node.optional() }));
  const refused: [string, z.ZodType, string][] = [
    ['a list without a bound', z.object({ a: z.object({ b: z.array(z.string()) }) }), 'spec.a.b: a list needs a bound'],
    ['a map without a bound', z.object({ a: z.record(z.string(), z.string()) }), 'spec.a: a map needs a bound'],
    ['a list inside a list', z.array(z.object({ x: z.array(z.int()) })).max(3), 'spec[].x: a list needs a bound'],
    ['a pattern that is not RE2', z.object({ a: z.string().regex(/^(?!x)y$/) }), 'spec.a: the pattern is not RE2'],
    ['a union of unlike types', z.object({ a: z.union([z.boolean(), z.string()]) }), 'spec.a: a union of boolean and string'],
    ['variants that disagree', z.object({ a: z.union([z.object({ b: z.string() }), z.object({ b: z.int() })]) }), 'spec.a.b: the variants'],
    ['recursion', node, 'spec: '],
    ['dates', z.object({ a: z.date() }), 'spec: '],
    ['values that only code can make', z.object({ a: z.bigint() }), 'spec: '],
  ];
  test.each(refused)('refuses %s', (_name, schema, message) => {
    expect(() => of(schema)).toThrow(CrdSchemaError);
    expect(() => of(schema)).toThrow(message);
  });
});

describe('the kinds of the gym', () => {
  const crds = gymKinds(['oom_kill']).map(toCrd);

  test('all have a structural schema and an Age column last', () => {
    for (const crd of crds) {
      const [version] = crd.spec.versions as [{ additionalPrinterColumns: { name: string }[] }];
      expect(version.additionalPrinterColumns.at(-1)?.name).toBe('Age');
    }
  });

  test('short names and names do not clash', () => {
    const names = crds.flatMap((crd) => {
      const { plural, singular, shortNames = [] } = crd.spec.names as { plural: string; singular: string; shortNames?: string[] };
      return [plural, singular, ...shortNames];
    });
    expect(new Set(names).size).toBe(names.length);
  });
});
