import { publishedSchemas, resetJsonSchema, resultJsonSchema } from './wire.ts';

/** OpenEnv's own profile of the HTTP interface; `openenv validate` wants 1.x. */
const PROFILE_VERSION = '1.0.0';

interface Operation {
  path: string;
  method: 'get' | 'post';
  summary: string;
  body?: object;
  answer: object;
}

const anyObject = { type: 'object' };

const INFO: Operation[] = [
  {
    path: '/health',
    method: 'get',
    summary: 'Whether the server answers',
    answer: { type: 'object', properties: { status: { const: 'healthy' } } },
  },
  { path: '/metadata', method: 'get', summary: 'Name, description and version of the environment', answer: anyObject },
  { path: '/schema', method: 'get', summary: 'JSON schemas of action, observation and state', answer: anyObject },
  {
    path: '/mcp',
    method: 'post',
    summary: 'JSON-RPC 2.0: MCP with the tool `run`, and openenv/session/create|close',
    body: anyObject,
    answer: anyObject,
  },
];

const CONTROL: Operation[] = [
  {
    path: '/reset',
    method: 'post',
    summary: 'Start a new episode in the one HTTP session',
    body: resetJsonSchema,
    answer: resultJsonSchema,
  },
  {
    path: '/step',
    method: 'post',
    summary: 'Run one action',
    body: {
      type: 'object',
      properties: {
        action: publishedSchemas.action,
        timeout_s: { type: ['number', 'null'], exclusiveMinimum: 0 },
        request_id: { type: ['string', 'null'], maxLength: 255 },
      },
      required: ['action'],
    },
    answer: resultJsonSchema,
  },
  { path: '/state', method: 'get', summary: 'State of the episode', answer: publishedSchemas.state },
];

const anyTasks = { type: 'object', properties: { tasks: { type: 'array', items: anyObject } } };
const ofSplit = { split: { type: 'string' } };

const TASKS: Operation[] = [
  { path: '/list_environments', method: 'get', summary: 'Name of this environment', answer: { type: 'array', items: { type: 'string' } } },
  { path: '/{env}/splits', method: 'get', summary: 'Sets of tasks', answer: { type: 'array', items: anyObject } },
  { path: '/{env}/tasks', method: 'post', summary: 'Tasks of a split', body: request(ofSplit), answer: anyTasks },
  { path: '/{env}/num_tasks', method: 'post', summary: 'How many tasks a split has', body: request(ofSplit), answer: anyObject },
  {
    path: '/{env}/task',
    method: 'post',
    summary: 'One task of a split',
    body: request({ ...ofSplit, index: { type: 'integer' } }, ['split', 'index']),
    answer: anyObject,
  },
  {
    path: '/{env}/task_range',
    method: 'post',
    summary: 'Tasks from start up to stop',
    body: request({ ...ofSplit, start: { type: ['integer', 'null'] }, stop: { type: ['integer', 'null'] } }),
    answer: anyTasks,
  },
];

function request(properties: object, required = ['split']): object {
  return { type: 'object', properties, required, additionalProperties: false };
}

/** The endpoints that exist: production mode has no control over HTTP. */
export function operations(production: boolean): Operation[] {
  return production ? [...INFO, ...TASKS] : [...CONTROL, ...INFO, ...TASKS];
}

/** The OpenAPI 3.1 document of this server. */
export function openApiDocument(production: boolean, description: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { path, method, summary, body, answer } of operations(production)) {
    paths[path] = {
      ...paths[path],
      [method]: {
        summary,
        operationId: `${method}_${path.slice(1).replace('{env}/', '')}`,
        ...(path.includes('{env}') && { parameters: [{ name: 'env', in: 'path', required: true, schema: { type: 'string' } }] }),
        ...(body && { requestBody: { required: path !== '/reset', content: { 'application/json': { schema: body } } } }),
        responses: { 200: { description: 'Success', content: { 'application/json': { schema: answer } } } },
      },
    };
  }
  return { openapi: '3.1.0', info: { title: 'Kube SRE Gym', version: PROFILE_VERSION, description }, paths };
}
