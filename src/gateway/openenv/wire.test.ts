import { describe, expect, jest, test } from '@jest/globals';
import { actionSchema, GatewayError, type StepResult } from '../session-api.ts';
import { publishedSchemas, toWireError, toWireResult } from './wire.ts';

const result: StepResult = {
  observation: {
    command_output: 'ok',
    cluster_status_summary: '',
    active_alerts: [],
    steps_taken: 1,
    max_steps: 16,
    hint: '',
    scorable: true,
    message: '',
    outcome: null,
    metadata: {},
  },
  reward: 0.5,
  done: false,
};

describe('published schemas', () => {
  test('the action needs exactly the command, so text trainers can play', () => {
    expect(publishedSchemas.action.required).toEqual(['command']);
    expect(publishedSchemas.action.additionalProperties).toBe(false);
    expect(['Action', 'CallToolAction', 'ListToolsAction']).not.toContain(publishedSchemas.action.title);
  });

  test('they are Draft 2020-12, have no remote reference, and only the state is open', () => {
    for (const schema of Object.values(publishedSchemas)) {
      expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
      expect(JSON.stringify(schema)).not.toContain('$ref');
    }
    expect(publishedSchemas.observation.additionalProperties).toBe(false);
    expect(publishedSchemas.state.additionalProperties).not.toBe(false);
  });

  test('the observation has the fields of the original', () => {
    const fields = ['command_output', 'cluster_status_summary', 'active_alerts', 'steps_taken', 'max_steps', 'hint'];
    expect(Object.keys(publishedSchemas.observation.properties ?? {})).toEqual(expect.arrayContaining(fields));
  });

  test('it also fits with reward and done put back, as validators do, and never needs them', () => {
    expect(Object.keys(publishedSchemas.observation.properties ?? {})).toEqual(expect.arrayContaining(['reward', 'done']));
    expect(publishedSchemas.observation.required).not.toContain('reward');
    expect(publishedSchemas.observation.required).not.toContain('done');
  });
});

describe('toWireResult', () => {
  test('keeps reward and done out of the observation and leaves empty metadata out beside it', () => {
    const wire = toWireResult(result);
    expect(wire).toEqual(result);
    expect(wire).not.toHaveProperty('metadata');
  });

  test('shows metadata inside and beside the observation', () => {
    const metadata = { phase: 'triage' };
    const wire = toWireResult({ ...result, observation: { ...result.observation, metadata } });
    expect(wire.metadata).toEqual(metadata);
    expect(wire.observation.metadata).toEqual(metadata);
  });

  const broken: Record<string, StepResult> = {
    'an undeclared field': { ...result, observation: Object.assign({ root_cause: 'x' }, result.observation) },
    'a reward that is not a number': { ...result, reward: Number.NaN },
    'an infinite reward': { ...result, reward: Number.POSITIVE_INFINITY },
    'a missing field': { ...result, observation: { ...result.observation, hint: undefined as unknown as string } },
  };
  test.each(Object.entries(broken))('refuses %s', (_name, value) => {
    expect(() => toWireResult(value)).toThrow('observation contract');
  });
});

describe('toWireError', () => {
  const log = { error: jest.fn() };

  test('a GatewayError is for the client, with its details', () => {
    const error = toWireError(new GatewayError('CAPACITY_REACHED', 'full', { max_sessions: 1 }), log as never);
    expect(error).toEqual({ code: 'CAPACITY_REACHED', message: 'full', details: { max_sessions: 1 } });
  });

  test('any other error keeps its text in the log', () => {
    const bug = new Error('oom_kill in payments-k3x9');
    const error = toWireError(bug, log as never);
    expect(error.code).toBe('EXECUTION_ERROR');
    expect(JSON.stringify(error)).not.toContain('oom_kill');
    expect(log.error).toHaveBeenCalledWith({ err: bug }, expect.any(String));
  });

  test('a wrong action names the field', () => {
    const { error } = actionSchema.safeParse({ command: 3, extra: 1 });
    expect(toWireError(error, log as never)).toMatchObject({
      code: 'VALIDATION_ERROR',
      message: expect.stringContaining('command'),
      details: { errors: [{ loc: ['command'] }, { type: 'unrecognized_keys' }] },
    });
  });
});
