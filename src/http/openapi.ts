import Router from '@koa/router';
import { z } from 'zod';
import { MailgunProblem, Problem } from './api-answers.ts';
import { OPERATIONS, type Operation } from './api-operations.ts';

type Json = Record<string, unknown>;

/** Serves the description of the API; it is made when it is first asked for. */
export function createOpenapi(): Router {
  const router = new Router();
  let text: string | null = null;
  router.get('/openapi.json', (ctx) => {
    text ??= JSON.stringify(openapi());
    ctx.body = Buffer.from(text);
    ctx.type = 'application/json; charset=utf-8';
    ctx.set({ 'Cache-Control': 'public, max-age=300', 'Access-Control-Allow-Origin': '*' });
  });
  return router;
}

/** The API as OpenAPI 3.1 (spec.openapis.org/oas/v3.1.1), made of the schemas that check the requests. */
export function openapi(): Json {
  const components = new Map<string, Json>();
  const paths: Record<string, Json> = {};
  for (const operation of OPERATIONS) {
    const path = operation.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [operation.method]: describe(operation, components) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Homing',
      version: '1',
      description:
        'What applications and operators ask a daemon. Limits, and what a call means, are told in docs/api.md.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths,
    components: { schemas: Object.fromEntries([...components].sort()), securitySchemes: SECURITY },
  };
}

const SECURITY = {
  bearer: { type: 'http', scheme: 'bearer', description: 'one of API_TOKENS' },
  basic: { type: 'http', scheme: 'basic', description: 'user "api", and one of API_TOKENS as the password' },
};

function describe(
  { path, id, does, auth, query, body, isForm, answers }: Operation,
  components: Map<string, Json>,
): Json {
  const isMailguns = path.startsWith('/v3/');
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    ...{ name, in: 'path', required: true },
    schema: { type: 'string' },
  }));
  const type = isForm ? 'multipart/form-data' : 'application/json';
  const answerOf = (schema: z.ZodType | null, description: string) => ({
    description,
    ...(schema === null ? {} : { content: { 'application/json': { schema: schemaOf(schema, 'output', components) } } }),
  });
  const good = Object.entries(answers).map(([status, schema]) => [status, answerOf(schema, DONE[status] ?? 'done')]);
  return {
    operationId: id,
    summary: does,
    security: auth === 'none' ? [] : [{ [auth]: [] }],
    ...(inPath.length + (query ? 1 : 0) > 0
      ? { parameters: [...inPath, ...(query ? inQuery(query, components) : [])] }
      : {}),
    ...(body
      ? { requestBody: { required: true, content: { [type]: { schema: schemaOf(body, 'input', components) } } } }
      : {}),
    responses: {
      ...Object.fromEntries(good),
      default: answerOf(isMailguns ? MailgunProblem : Problem, 'an error, with what is wrong'),
    },
  };
}

const DONE: Readonly<Record<string, string>> = { 201: 'made', 503: 'not now' };

/** A schema, with those that have a name among the components. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Map<string, Json>): Json {
  const { $schema: _, $defs = {}, ...own } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' });
  for (const [name, part] of Object.entries($defs)) components.set(name, toComponents(part as Json));
  const { id: name } = schema.meta() ?? {};
  if (name === undefined || '$ref' in own) return toComponents(own);
  components.set(name, toComponents(own));
  return { $ref: `#/components/schemas/${name}` };
}

/** What is named elsewhere stands there; a name of its own is none of the words of a schema. */
function toComponents(part: Json): Json {
  const { id: _, ...rest } = part;
  return JSON.parse(JSON.stringify(rest).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json;
}

function inQuery(query: z.ZodObject, components: Map<string, Json>): Json[] {
  const { properties = {}, required = [] } = schemaOf(query, 'input', components) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    ...{ name, in: 'query', required: required.includes(name), schema },
  }));
}
