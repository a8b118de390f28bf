// Imported first by unit tests that need moto: without it, they are skipped, so that the unit tests need only Node.js.
import { spawnSync } from 'node:child_process';
import t from 'tap';

if (spawnSync('moto_server', ['--help'], { stdio: 'ignore' }).error !== undefined) {
  t.plan(0, "moto is not installed: pip install 'moto[server]'");
  process.exit();
}
