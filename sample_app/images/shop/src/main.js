// One image, several services: the first argument says which to run. What they are called is up to the manifests.
import { log } from './log.js';

const services = {
  api: './payment-api.js',
  gateway: './payment-gateway.js',
  worker: './payment-worker.js',
  identity: './auth-service.js',
  report: './settlement-report.js',
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
