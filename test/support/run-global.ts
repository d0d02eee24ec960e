/** vitest's globalSetup, before the others: where the run has its temporary files, and what its processes have compiled. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const memory = '/dev/shm'
/** What a run needs at most, and as much again. */
const LEAST_FREE = 4 * 2 ** 30

type Environment = Record<string, string | undefined>

const prefix = 'interlock-compiled-'

/** The first project that needs it does it for all. */
export default function setup(_project?: unknown, env: Environment = process.env): (() => void) | undefined {
  env['TMPDIR'] ??= isFit() ? memory : tmpdir()
  const before = env['NODE_COMPILE_CACHE']
  if (before?.includes(prefix)) return undefined
  // Tests start some 500 processes: what one has compiled, the next one reads. It goes with the run, and is not the one that the npm
  // scripts keep in the clone, as many of those programs stand in folders that go with it as well.
  const compiled = mkdtempSync(path.join(env['TMPDIR'], prefix))
  env['NODE_COMPILE_CACHE'] = compiled
  return () => {
    if (before === undefined) delete env['NODE_COMPILE_CACHE']
    else env['NODE_COMPILE_CACHE'] = before
    rmSync(compiled, { recursive: true, force: true })
  }
}

/**
 * Whether temporary files may be in memory: a run makes and drops a thousand databases, and on a disk half of PostgreSQL's processor
 * time goes into their files. Not where there is little of it, or where no program may be started from it (Docker).
 */
function isFit(): boolean {
  try {
    const { bavail, bsize } = statfsSync(memory)
    const isOpen = (statSync(memory).mode & 0o777) === 0o777
    return isOpen && Math.min(bavail * bsize, process.availableMemory()) >= LEAST_FREE && startsPrograms()
  } catch {
    return false
  }
}

function startsPrograms(): boolean {
  const folder = mkdtempSync(path.join(memory, 'interlock-'))
  try {
    const program = path.join(folder, 'program')
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o700 })
    execFileSync(program)
    return true
  } finally {
    rmSync(folder, { recursive: true })
  }
}
