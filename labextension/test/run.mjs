// Bundles the tests and runs them with node's own test runner: node test/run.mjs
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'dlaaw-tests-'));
const tests = readdirSync(here).filter(name => name.endsWith('.test.ts'));
try {
  await build({
    entryPoints: tests.map(name => join(here, name)),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    jsx: 'automatic',
    loader: { '.dlaaw': 'text' },
    sourcemap: 'inline',
    logLevel: 'warning'
  });
  const files = readdirSync(out).filter(name => name.endsWith('.mjs')).map(name => join(out, name));
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], {
    stdio: 'inherit'
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(out, { recursive: true });
}
