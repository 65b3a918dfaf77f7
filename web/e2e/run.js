// Starts the explorer of the built app with the real model, and the browser tests against it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
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

const java = process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin/java') : 'java';
const jvm = ['-Xmx2g', '--add-modules=jdk.incubator.vector', '--enable-native-access=ALL-UNNAMED'];
// neither sees nor changes what the person at this machine has
const env = { ...process.env, LOUPE_HOME: path.join(web, 'target/loupe-home') };

function loupe(...words) {
  const { status } = spawnSync(java, [...jvm, '-jar', jar, ...words], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  });
  if (status !== 0) {
    console.error(`loupe ${words.join(' ')} failed`);
    process.exit(1);
  }
}

/** What is compared with the model: another quantisation of it, and a run with three checkpoints. */
const others = path.join(web, 'target/e2e-models');
const second = path.join(others, 'second.Q8_0.gguf');
const run = path.join(others, 'run');
mkdirSync(others, { recursive: true });
if (!existsSync(second)) {
  loupe('quantize', model, second, 'Q8_0');
}
if (!existsSync(path.join(run, 'model.safetensors'))) {
  rmSync(run, { recursive: true, force: true });
  const shape = '--tokenizer characters --layers 2 --heads 2 --width 32 --context 64 --batch 4';
  const course = '--steps 60 --checkpoint-every 20 --keep-checkpoints 3 --eval-every 20';
  const text = path.join(web, 'README.md');
  const words = `train ${text} --preset nanogpt-cpu ${shape} ${course} -o ${run}`;
  loupe(...words.split(' '));
}

const port = await freePort();
const models = [model, second, run].flatMap((each) => ['-m', each]);
const server = spawn(
  java,
  [...jvm, '-jar', jar, 'explore', ...models, '--port', `${port}`, '--no-open'],
  { stdio: ['ignore', 'inherit', 'inherit'], env },
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
