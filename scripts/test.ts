/** `npm test`: every project of jest one after the other, so that they do not fight for two cores, and one plain closing line over all. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
  numPendingTests: number;
}

const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
/** Unit tests first: what fails fast should. */
const PROJECTS: Record<string, string[]> = {
  unit: [],
  integration: ['--runInBand'],
  conformance: ['--runInBand'],
  e2e: ['--runInBand', '--verbose'],
};

const only = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'gym-test-'));
let passed = 0;
let failed = 0;
let skipped = 0;
for (const [project, flags] of Object.entries(PROJECTS)) {
  if (only.length && !only.includes(project)) continue;
  console.log(`\n== ${project} tests`);
  const report = join(folder, `${project}.json`);
  const began = Date.now();
  // A test that failed half-way may leave a server or a watch behind; the run must still end and say so.
  const args = [...JEST, '--selectProjects', project, ...flags, '--forceExit', '--json', '--outputFile', report];
  const run = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    const result = JSON.parse(readFileSync(report, 'utf8')) as Report;
    passed += result.numPassedTests;
    // A suite that does not even load has no failed test, and must not pass for it.
    failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    skipped += result.numPendingTests;
  } catch {
    failed++;
    console.log(`The ${project} tests ended without a report (exit code ${run.status}, signal ${run.signal})`);
  }
  console.log(`== ${project} tests took ${Math.round((Date.now() - began) / 1000)} s`);
}
rmSync(folder, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed || !passed ? 1 : 0;
