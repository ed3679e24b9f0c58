/** Finds a Python that can be a WebRTC peer. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where `cargo xtask test` installs interop/requirements.txt. */
const VENV = fileURLToPath(new URL('../../../target/interop/venv/bin/python', import.meta.url));

/**
 * The interpreter which INTEROP_PYTHON names; without it that of the virtual environment, or else the
 * system's.
 * @returns {string}
 * @throws {Error} none of them has aiortc
 */
export function pythonWithAiortc() {
  const named = process.env.INTEROP_PYTHON;
  const candidates = named ? [named] : [...(existsSync(VENV) ? [VENV] : []), 'python3'];
  const probe = ['-c', 'import aiortc, websockets'];
  const reasons = [];
  for (const python of candidates) {
    try {
      execFileSync(python, probe, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
      return python;
    } catch (error) {
      const lines = String(error.stderr || error.message).trim().split('\n');
      reasons.push(`${python}: ${lines.at(-1)}`);
    }
  }
  throw new Error(
    `no Python with aiortc (${reasons.join('; ')}): \`cargo xtask test browser\` installs it, and INTEROP_PYTHON may ` +
      'name an interpreter that has what interop/requirements.txt lists',
  );
}
