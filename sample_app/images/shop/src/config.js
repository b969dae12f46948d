import { readFileSync } from 'node:fs';
import { log } from './log.js';

/** Ends the process: a service without its settings cannot do anything useful. */
function refuse(msg, fields) {
  log.fatal(msg, fields);
  process.exit(1);
}

/** The value of an environment variable that the service cannot run without. */
export function requireEnv(name) {
  const value = process.env[name];
  if (!value) refuse('required environment variable is not set', { variable: name });
  return value;
}

/** An environment variable that must hold a URL with one of `schemes`. */
export function requireUrl(name, schemes) {
  const text = requireEnv(name);
  const url = URL.parse(text);
  if (!url || !schemes.includes(url.protocol.slice(0, -1))) refuse('environment variable is not a usable URL', { variable: name, schemes });
  return url;
}

/**
 * The service's JSON settings file. A file newer than this release understands ends the process:
 * guessing at unknown settings is worse than not starting.
 */
export function loadSettings(variable) {
  const path = requireEnv(variable);
  let settings;
  try {
    settings = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    refuse('settings file cannot be read', { path, error: error.message });
  }
  const supported = Number(process.env.SUPPORTED_CONFIG ?? 4);
  if (settings.configVersion > supported) {
    refuse('settings file is newer than this release understands', {
      path,
      configVersion: settings.configVersion,
      supported,
      release: process.env.RELEASE ?? 'dev',
    });
  }
  return settings;
}
