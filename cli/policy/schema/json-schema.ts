// JSON schemas for editors, made from the schemas that the commands check files with.
import * as z from 'zod';

/** A JSON schema or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * What is added to a schema, keyed by the path of a value: the names of its keys, `*` for any name and `[]` for an
 * entry, such as `rules[].id`, `lists.*` or the empty string for the whole file.
 */
export interface Additions {
  /** What editors show for a value. */
  readonly descriptions: Readonly<Record<string, string>>;
  /** Keywords to add or, if they are `undefined`, to remove. */
  readonly keywords: Readonly<Record<string, JsonSchema>>;
  /** The types of what the file takes for a string: all of them, if `0x12` without quotes is one. */
  readonly stringTypes: string | readonly string[];
}

/**
 * Draft 7, which the YAML extensions of editors know best.
 * @param schema the checks that JSON schemas can't express are left out
 */
export function schemaDocument(title: string, schema: z.ZodType, additions: Additions): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title,
    ...withAdditions(toJsonSchema(schema), '', additions),
  };
}

/** @returns a part, for the additions to the whole */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  const json = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  return { ...json, $schema: undefined };
}

function withAdditions(schema: JsonSchema, path: string, additions: Additions): JsonSchema {
  const { descriptions, keywords } = additions;
  return {
    ...(descriptions[path] !== undefined && { description: descriptions[path] }),
    ...walked({ ...schema, ...keywords[path] }, path, additions),
  };
}

/** The keywords of a schema, with the additions to the schemas within them. */
function walked(schema: JsonSchema, path: string, additions: Additions): JsonSchema {
  const inner = (part: unknown, at: string): unknown =>
    isObject(part) ? withAdditions(part, at, additions) : part;
  const keyword = (name: string, value: unknown): unknown => {
    switch (name) {
      case 'type':
        return value === 'string' && !('enum' in schema) ? additions.stringTypes : value;
      case 'properties':
        return Object.fromEntries(
          Object.entries(value as JsonSchema).map(([key, part]) => [key, inner(part, join(path, key))]),
        );
      case 'additionalProperties':
        return inner(value, join(path, '*'));
      case 'items':
        return inner(value, `${path}[]`);
      case 'anyOf':
        // Forms of the value at this path, which has its own additions already.
        return (value as readonly JsonSchema[]).map((form) => walked(form, path, additions));
      case 'propertyNames':
        // zod says that the names of keys are strings, which they always are.
        return isObject(value) && 'pattern' in value ? value : undefined;
      default:
        return value;
    }
  };
  return Object.fromEntries(
    Object.entries(schema).flatMap(([name, value]) => {
      const result = keyword(name, value);
      return result === undefined ? [] : [[name, result]];
    }),
  );
}

/** The paths of all values that a key of a schema leads to. */
export function pathsIn(schema: unknown, path = ''): readonly string[] {
  if (!isObject(schema)) return [];
  const { properties, additionalProperties, items, anyOf } = schema;
  const named = Object.entries(isObject(properties) ? properties : {}).flatMap(([name, part]) => [
    join(path, name),
    ...pathsIn(part, join(path, name)),
  ]);
  return [
    ...named,
    ...pathsIn(additionalProperties, join(path, '*')),
    ...pathsIn(items, `${path}[]`),
    ...(Array.isArray(anyOf) ? anyOf : []).flatMap((part: unknown) => pathsIn(part, path)),
  ];
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
