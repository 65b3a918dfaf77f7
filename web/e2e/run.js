// Starts the explorer of the built app with the real model, and the browser tests against it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
const model =
  process.env.LOUPE_TEST_MODEL ??
  path.join(homedir(), '.cache/loupe-test/SmolLM2-135M-Instruct.Q4_1.gguf');
const jar = path.join(web, '../app/target/loupe.jar');

function stopWith(missing) {
  const line = '='.repeat(80);
  const skipped = process.env.CI === 'true' ? 'FAILED' : 'SKIPPED';
  console.error(`${line}\nBROWSER TESTS ${skipped}: ${missing}\n${line}`);
  process.exit(process.env.CI === 'true' ? 1 : 0);
}

if (!existsSync(jar)) {
  console.error(`there is no ${jar}: build the app first, by ./test or ./loupe`);
  process.exit(1);
}
if (!existsSync(chromium)) {
  stopWith(`there is no browser at ${chromium} (Debian: apt-get install chromium)`);
}
if (!existsSync(model)) {
  stopWith(
    `the model is missing: ${model}. .ci/run gets it, and LOUPE_TEST_MODEL says where it is`,
  );
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

const port = await freePort();
const java = process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin/java') : 'java';
const server = spawn(
  java,
  [
    '-Xmx2g',
    '--add-modules=jdk.incubator.vector',
    '--enable-native-access=ALL-UNNAMED',
    ...['-jar', jar, 'explore', '-m', model, '--port', `${port}`, '--no-open'],
  ],
  {
    stdio: ['ignore', 'inherit', 'inherit'],
    // neither sees nor changes what the person at this machine has
    env: { ...process.env, LOUPE_HOME: path.join(web, 'target/loupe-home') },
  },
);
let ended = false;
server.on('exit', () => (ended = true));
process.on('exit', () => server.kill());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => process.exit(1));
}

const base = `http://127.0.0.1:${port}`;
for (;;) {
  if (ended) {
    console.error('the explorer ended before it answered');
    process.exit(1);
  }
  const answers = await fetch(base).then(
    ({ ok }) => ok,
    () => false,
  );
  if (answers) {
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
}

const tests = spawn('npx', ['playwright', 'test', ...process.argv.slice(2)], {
  cwd: web,
  stdio: 'inherit',
  env: { ...process.env, EXPLORER: base, CHROMIUM: chromium },
});
tests.on('exit', (code) => process.exit(code ?? 1));
