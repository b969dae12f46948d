// One image, several services: the first argument names the one to run.
import { log } from './log.js';

const services = {
  'payment-api': './payment-api.js',
  'payment-gateway': './payment-gateway.js',
  'payment-worker': './payment-worker.js',
  'auth-service': './auth-service.js',
  'settlement-report': './settlement-report.js',
};

const name = process.argv[2];
if (!Object.hasOwn(services, name)) {
  log.fatal('unknown service', { service: name ?? null, known: Object.keys(services) });
  process.exit(64);
}

process.on('uncaughtException', (error) => {
  log.fatal('unexpected error', { error: error.message, stack: error.stack });
  process.exit(1);
});

log.info('starting', { service: name, release: process.env.RELEASE ?? 'dev', node: process.version });
const { start } = await import(services[name]);
await start();
