import { type JsonSchema, toStructuralSchema } from './crd-schema.ts';
import { GROUP, VERSION } from './group.ts';
import type { KindDefinition } from './kind-definition.ts';

/** A CustomResourceDefinition as it is written to crds/. */
export interface Crd {
  apiVersion: 'apiextensions.k8s.io/v1';
  kind: 'CustomResourceDefinition';
  metadata: { name: string };
  spec: Record<string, unknown>;
}

/** Namespaced CustomResourceDefinition of a kind, with an Age column. Throws CrdSchemaError for a schema without structural form. */
export function toCrd(kind: KindDefinition): Crd {
  const spec = toStructuralSchema(kind.spec, 'spec');
  if (kind.specRules?.length) {
    const own = (spec['x-kubernetes-validations'] as unknown[] | undefined) ?? [];
    spec['x-kubernetes-validations'] = [...own, ...kind.specRules];
  }
  const status = kind.status && toStructuralSchema(kind.status, 'status');
  const schema: JsonSchema = {
    description: kind.description,
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec,
      ...(status ? { status } : {}),
    },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        ...(kind.shortNames.length ? { shortNames: [...kind.shortNames] } : {}),
        ...(kind.categories.length ? { categories: [...kind.categories] } : {}),
      },
      scope: 'Namespaced',
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          ...(status ? { subresources: { status: {} } } : {}),
          ...(kind.selectableFields?.length ? { selectableFields: kind.selectableFields.map((jsonPath) => ({ jsonPath })) } : {}),
          additionalPrinterColumns: [...kind.printerColumns, { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }],
        },
      ],
    },
  };
}
