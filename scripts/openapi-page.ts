import { compile } from 'json-schema-to-typescript';
import { openapi } from '../src/http/openapi.ts';
import { table } from './table.ts';

type Schema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  description?: string;
};
type Content = { content?: Record<string, { schema: Schema }> };
type Described = {
  operationId: string;
  summary: string;
  security: Record<string, unknown>[];
  parameters?: { name: string; in: string; required: boolean; schema: Schema }[];
  requestBody?: Content;
  responses: Record<string, Content>;
};

const HEAD = `# The API, route by route

Written by \`npm run docs\` from the schemas that check the requests; a daemon serves the same as OpenAPI 3.1 at
\`/openapi.json\`, and as a page at \`/openapi\`. What a call means, and its limits: [HTTP](api.md). Types of all answers for
TypeScript: [homing-api.d.ts](homing-api.d.ts).
`;

/** docs/openapi.md */
export function openapiPage(): string {
  const { paths, components } = openapi() as unknown as {
    paths: Record<string, Record<string, Described>>;
    components: { schemas: Record<string, Schema> };
  };
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => partOf(`${method.toUpperCase()} ${path}`, one)),
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `### ${name}\n\n${schema.description ? `${schema.description}\n\n` : ''}${fields(schema)}`,
  );
  return `${[HEAD, ...routes, '## What is answered', ...schemas].join('\n\n').replace(/\n{3,}/g, '\n\n')}\n`;
}

function partOf(route: string, { summary, security, parameters = [], requestBody, responses }: Described): string {
  const who = security.length === 0 ? 'everybody' : `a token (${Object.keys(security[0] ?? {}).join()})`;
  const query = parameters.filter((one) => one.in === 'query');
  const asked = query.map(({ name, schema }) => [`\`${name}\``, kindOf(schema)]);
  const answers = Object.entries(responses)
    .filter(([status]) => status !== 'default')
    .map(([status, { content }]) => `${status} with ${content ? kindOf(schemaIn(content)) : 'a file'}`);
  return [
    `## ${route}`,
    `${summary} For ${who}. Answers ${answers.join(', or ')}.`,
    ...(asked.length > 0 ? [table(['parameter', ''], asked)] : []),
    ...(requestBody?.content
      ? [`The body (\`${Object.keys(requestBody.content)[0]}\`):`, fields(schemaIn(requestBody.content))]
      : []),
  ].join('\n\n');
}

const schemaIn = (content: Record<string, { schema: Schema }>): Schema => Object.values(content)[0]?.schema ?? {};

function fields(schema: Schema): string {
  const own = schema.anyOf?.find((one) => one.properties) ?? schema;
  const rows = Object.entries(own.properties ?? {}).map(([name, one]) => [
    `\`${name}\``,
    [own.required?.includes(name) ? '' : 'optional', kindOf(one), one.description ?? '']
      .filter((word) => word)
      .join('; '),
  ]);
  return rows.length === 0 ? kindOf(schema) : table(['field', ''], rows);
}

function kindOf(schema: Schema): string {
  const { $ref, type, enum: some, const: one, anyOf, items } = schema;
  if ($ref) return `[${$ref.split('/').at(-1)}](#${$ref.split('/').at(-1)?.toLowerCase()})`;
  if (some) return some.map((value) => `\`${String(value)}\``).join(', ');
  if (one !== undefined) return `\`${String(one)}\``;
  if (anyOf) return [...new Set(anyOf.map(kindOf))].join(' or ');
  if (items) return `a list of ${kindOf(items)}`;
  return [type]
    .flat()
    .map((word) => WORDS[String(word)] ?? 'anything')
    .join(' or ');
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  null: 'null',
};

/** docs/homing-api.d.ts: the answers as types. */
export function apiTypes(): Promise<string> {
  const { components } = openapi() as { components: { schemas: Record<string, object> } };
  const definitions = JSON.parse(
    JSON.stringify(components.schemas).replaceAll('#/components/schemas/', '#/definitions/'),
  );
  return compile({ title: 'HomingApi', type: 'object', additionalProperties: false, definitions }, 'HomingApi', {
    unreachableDefinitions: true,
    bannerComment: '// Written by `npm run docs` from the schemas of the API.',
    style: { printWidth: 120, singleQuote: true },
  });
}
