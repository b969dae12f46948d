/** Every condition type, reason and outcome the gym writes: one place, so that docs, tests and dashboards agree. */
export const ConditionType = {
  ArenaReady: 'ArenaReady',
  Injected: 'Injected',
  SymptomObserved: 'SymptomObserved',
  Resolved: 'Resolved',
  Succeeded: 'Succeeded',
  Ready: 'Ready',
  Stuck: 'Stuck',
  AlertSent: 'AlertSent',
  LlmAvailable: 'LlmAvailable',
} as const;

export const Reason = {
  // Incident: waiting and injecting
  WaitingForArena: 'WaitingForArena',
  ArenaClaimed: 'ArenaClaimed',
  Injecting: 'Injecting',
  FaultsInjected: 'FaultsInjected',
  NoFault: 'NoFault',
  WaitingForSymptom: 'WaitingForSymptom',
  SymptomSeen: 'SymptomSeen',
  SymptomNeverSeen: 'SymptomNeverSeen',
  // Incident: how it goes and ends
  Broken: 'Broken',
  Settling: 'Settling',
  Holding: 'Holding',
  Healthy: 'Healthy',
  TimedOut: 'TimedOut',
  Deleted: 'Deleted',
  ArenaLost: 'ArenaLost',
  EpisodeEnded: 'EpisodeEnded',
  InvalidSpec: 'InvalidSpec',
  // Arena
  Creating: 'Creating',
  ArenaHealthy: 'ArenaHealthy',
  Terminating: 'Terminating',
  NamespacesRemain: 'NamespacesRemain',
  // Episode
  AssignmentRefused: 'AssignmentRefused',
  IncidentTaken: 'IncidentTaken',
  IncidentNotFound: 'IncidentNotFound',
  IncidentFailed: 'IncidentFailed',
  IncidentOver: 'IncidentOver',
  Running: 'Running',
  GatewayLost: 'GatewayLost',
  GatewayFailed: 'GatewayFailed',
  Detached: 'Detached',
  Reported: 'Reported',
  StepsExhausted: 'StepsExhausted',
  // Curriculum
  Promoted: 'Promoted',
  Demoted: 'Demoted',
  Unlocked: 'Unlocked',
  Mastered: 'Mastered',
  Graduated: 'Graduated',
  BackInTraining: 'BackInTraining',
  ScenariosUsedUp: 'ScenariosUsedUp',
  JudgeVeto: 'JudgeVeto',
  DesignProven: 'DesignProven',
  DesignRefuted: 'DesignRefuted',
  DesignUndecided: 'DesignUndecided',
  DesignInvalid: 'DesignInvalid',
  DesignFailed: 'DesignFailed',
  DesignUsed: 'DesignUsed',
  // LLM
  Configured: 'Configured',
  NotConfigured: 'NotConfigured',
  CircuitOpen: 'CircuitOpen',
  BudgetSpent: 'BudgetSpent',
  AnswersUseless: 'AnswersUseless',
} as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

export const OUTCOMES = ['Resolved', 'StepsExhausted', 'GaveUp', 'TimedOut', 'Abandoned', 'InfrastructureFailed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/**
 * What became of a design of an LLM. failed: there was no proposal. invalid: it cannot be played. refuted: it did not hurt, or did not resolve.
 * undecided: the gym could not find out. used: it was given to a seed.
 */
export const DESIGN_OUTCOMES = ['proven', 'refuted', 'undecided', 'invalid', 'failed', 'used'] as const;
export type DesignOutcome = (typeof DESIGN_OUTCOMES)[number];
