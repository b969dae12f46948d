import type { OperatorLogger } from '@dot-i/k8s-operator';
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** pino level; LOG_LEVEL or info by default. */
  level?: string;
  /** Where lines go; standard output by default. */
  destination?: DestinationStream;
}

/** Structured JSON logger of one component; tokens never reach a line. */
export function createLogger(component: string, options: LoggerOptions = {}): Logger {
  const settings = {
    base: { component },
    level: options.level ?? process.env.LOG_LEVEL ?? 'info',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: ['token', '*.token', 'authorization', '*.authorization', 'headers.Authorization'],
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}

/** Logger that writes nothing, for callers that want none. */
export const silentLogger: Logger = pino({ level: 'silent' });

/** The shape that @dot-i/k8s-operator logs through. */
export function toOperatorLogger(log: Logger): OperatorLogger {
  return {
    debug: (message) => log.debug(message),
    info: (message) => log.info(message),
    warn: (message) => log.warn(message),
    error: (message) => log.error(message),
  };
}
