import { arenaSpecSchema, arenaStatusSchema } from './arena.ts';
import { assignmentSpecSchema, assignmentStatusSchema } from './assignment.ts';
import { curriculumSpecSchema, curriculumStatusSchema } from './curriculum.ts';
import { episodeSpecSchema, episodeStatusSchema } from './episode.ts';
import { incidentSpecSchema, incidentStatusSchema } from './incident.ts';
import type { KindDefinition } from './kind-definition.ts';
import { stepSpecSchema } from './step.ts';

/**
 * CEL that refuses any change of `field`, its removal and its late addition too. Spelled with has(): the cost estimate of comparing optional
 * values (`self.?field`) is unbounded.
 */
const immutable = (field: string) => ({
  rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
  message: `${field} cannot be changed`,
});

const EPISODE_IMMUTABLE = `incident incidentRef curriculumRef split run agent maxSteps deadlineSeconds seed gateway`.split(' ');

/** Every kind of the gym. `faultTypes` and `redHerringKinds` become enums of the Incident's spec, so that an unknown one is refused at the door. */
export function gymKinds(faultTypes: readonly string[], redHerringKinds: readonly string[] = []): KindDefinition[] {
  return [
    {
      kind: 'Incident',
      description: 'Something that is broken in a private copy of the app, until someone fixes it',
      plural: 'incidents',
      singular: 'incident',
      shortNames: ['inc'],
      categories: ['gym'],
      spec: incidentSpecSchema(faultTypes, redHerringKinds),
      status: incidentStatusSchema,
      specRules: ['app', 'faults', 'redHerrings', 'alert', 'difficulty', 'resolution'].map(immutable),
      printerColumns: [
        { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
        { name: 'Severity', type: 'string', jsonPath: '.status.alert.severity' },
        { name: 'Alert', type: 'string', jsonPath: '.status.alert.title' },
        { name: 'Namespaces', type: 'string', jsonPath: '.status.where' },
        { name: 'Resolved', type: 'date', jsonPath: '.status.resolvedTime' },
      ],
    },
    {
      kind: 'Episode',
      description: 'One attempt of an agent at an incident: its steps, its scores and how it ended',
      plural: 'episodes',
      singular: 'episode',
      shortNames: ['epi'],
      categories: ['gym'],
      spec: episodeSpecSchema(faultTypes, redHerringKinds),
      status: episodeStatusSchema,
      specRules: [
        {
          rule: '[has(self.incident), has(self.incidentRef), has(self.curriculumRef)].filter(given, given).size() == 1',
          message: 'give exactly one of incident, incidentRef and curriculumRef',
        },
        { rule: '!has(self.curriculumRef) || has(self.seed)', message: 'a curriculumRef needs a seed' },
        { rule: 'has(self.curriculumRef) || (!has(self.split) && !has(self.run))', message: 'split and run go with a curriculumRef' },
        ...EPISODE_IMMUTABLE.map(immutable),
      ],
      printerColumns: [
        { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
        { name: 'Steps', type: 'integer', jsonPath: '.status.decidedSteps' },
        { name: 'Reward', type: 'number', jsonPath: '.status.reward' },
        { name: 'Diagnosis', type: 'number', jsonPath: '.status.diagnosisScore', priority: 1 },
        { name: 'Fix', type: 'number', jsonPath: '.status.fixScore', priority: 1 },
        { name: 'Scorable', type: 'boolean', jsonPath: '.status.scorable', priority: 1 },
        { name: 'Agent', type: 'string', jsonPath: '.spec.agent.name', priority: 1 },
        { name: 'Incident', type: 'string', jsonPath: '.status.incident', priority: 1 },
      ],
    },
    {
      kind: 'Step',
      description: 'One line of an agent, as the gateway recorded it',
      plural: 'steps',
      singular: 'step',
      shortNames: [],
      categories: ['gym'],
      spec: stepSpecSchema,
      selectableFields: ['.spec.episode'],
      specRules: [{ rule: 'self == oldSelf', message: 'a step is never changed' }],
      printerColumns: [
        { name: 'Episode', type: 'string', jsonPath: '.spec.episode' },
        { name: 'Action', type: 'string', jsonPath: '.spec.action' },
        { name: 'Exit', type: 'integer', jsonPath: '.spec.exitCode' },
      ],
    },
    {
      kind: 'Arena',
      description: 'A private, throw-away copy of the app that one incident is played in',
      plural: 'arenas',
      singular: 'arena',
      shortNames: [],
      categories: ['gym'],
      spec: arenaSpecSchema,
      status: arenaStatusSchema,
      specRules: [
        immutable('app'),
        {
          rule: '!has(oldSelf.claimRef) || (has(self.claimRef) && self.claimRef == oldSelf.claimRef)',
          message: 'an arena is claimed once',
        },
      ],
      printerColumns: [
        { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
        { name: 'App', type: 'string', jsonPath: '.spec.app' },
        { name: 'Claimed by', type: 'string', jsonPath: '.spec.claimRef.name' },
        { name: 'Id', type: 'string', jsonPath: '.status.id', priority: 1 },
      ],
    },
    {
      kind: 'Curriculum',
      description: 'What an agent trains next: tiers, mastery of each fault, and how the last trials went',
      plural: 'curricula',
      singular: 'curriculum',
      shortNames: ['cur'],
      categories: ['gym'],
      spec: curriculumSpecSchema(faultTypes),
      status: curriculumStatusSchema,
      specRules: [
        // Pools of scenarios are cut by tier: moving the cuts would shuffle what a run has drawn already.
        immutable('tiers'),
        { rule: 'self.tiers.map(tier, tier.maxDifficulty).isSorted()', message: 'tiers go from the easiest up' },
        {
          rule: 'self.tiers.exists(tier, tier.maxDifficulty >= self.minDifficulty)',
          message: 'minDifficulty is above every tier',
        },
        { rule: 'self.mastery.minTrials <= self.mastery.window', message: 'mastery.minTrials cannot be more than mastery.window' },
      ],
      printerColumns: [
        { name: 'Tier', type: 'string', jsonPath: '.status.tier' },
        { name: 'Difficulty', type: 'number', jsonPath: '.status.difficulty' },
        { name: 'Mastery', type: 'string', jsonPath: '.status.masterySummary' },
        { name: 'Rewards', type: 'string', jsonPath: '.status.lastRewards' },
        { name: 'Trials', type: 'integer', jsonPath: '.status.trials' },
        { name: 'Persona', type: 'string', jsonPath: '.status.persona', priority: 1 },
        { name: 'Mode', type: 'string', jsonPath: '.spec.mode', priority: 1 },
      ],
    },
    {
      kind: 'Assignment',
      description: 'What a seed of a run got from a Curriculum, and how its group of episodes went',
      plural: 'assignments',
      singular: 'assignment',
      shortNames: ['asg'],
      categories: ['gym'],
      spec: assignmentSpecSchema(faultTypes, redHerringKinds),
      status: assignmentStatusSchema,
      specRules: [{ rule: 'self == oldSelf', message: 'an assignment is never changed' }],
      printerColumns: [
        { name: 'Curriculum', type: 'string', jsonPath: '.spec.curriculum' },
        { name: 'Run', type: 'string', jsonPath: '.spec.run' },
        { name: 'Split', type: 'string', jsonPath: '.spec.split' },
        { name: 'Seed', type: 'integer', jsonPath: '.spec.seed' },
        { name: 'Success', type: 'number', jsonPath: '.status.success' },
        { name: 'Counted', type: 'boolean', jsonPath: '.status.counted' },
        { name: 'Tier', type: 'string', jsonPath: '.spec.tier', priority: 1 },
        { name: 'Difficulty', type: 'number', jsonPath: '.spec.difficulty', priority: 1 },
        { name: 'Used up', type: 'boolean', jsonPath: '.spec.usedUp', priority: 1 },
      ],
    },
  ];
}
