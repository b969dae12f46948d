/** Fails when generating changed a committed file: what is generated must be committed as generated. */
import { spawnSync } from 'node:child_process';

const { stdout } = spawnSync('git', ['status', '--porcelain', '--', 'crds', 'deploy', 'helm', 'sample_app', 'src', 'docs'], {
  encoding: 'utf8',
});
if (stdout.trim()) {
  console.error(`These files differ from what is committed; run npm run generate and commit:\n${stdout}`);
  process.exitCode = 1;
}
