import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { withSbin } from './postgres.ts'

const candidates = ['/usr/bin/python3', 'python3']

/** A Python with psycopg 3. Where Debian has it and it is missing, it is installed: the test brings what it needs. */
export function pythonWithPsycopg(): string {
  const found = usable()
  if (found !== undefined) return found
  try {
    aptGet('update')
    aptGet('install', '-y', 'python3-psycopg')
  } catch {
    // Only root may, and only Debian has it.
  }
  const installed = usable()
  if (installed !== undefined) return installed
  throw new Error('no python3 with psycopg 3.2; install it, as root: apt-get install python3-psycopg')
}

/** dpkg refuses to install without `sbin` in the PATH. */
function aptGet(...words: readonly string[]): void {
  execFileSync('apt-get', ['-q', ...words], { stdio: 'ignore', env: withSbin })
}

function usable(): string | undefined {
  return candidates.find((python) => {
    try {
      execFileSync(python, ['-c', 'import psycopg; assert psycopg.__version__ >= "3.2"'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

/** The programs of docs/guides/python.md, each under the name that its first line says, in a folder of their own. */
export function pythonPrograms(): string {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/guides/python.md'), 'utf8')
  const folder = mkdtempSync(path.join(tmpdir(), 'interlock-python-'))
  for (const [, code = ''] of page.matchAll(/^```python\n(.*?)^```$/gms)) {
    const name = /^# (\w+\.py)$/m.exec(code)?.[1]
    if (name !== undefined) writeFileSync(path.join(folder, name), code)
  }
  return folder
}
