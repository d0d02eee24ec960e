/** vitest's globalSetup, before the others: where the run has its temporary files, and what its processes have compiled. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const memory = '/dev/shm'
/** What a run needs at most, and as much again. */
const LEAST_FREE = 4 * 2 ** 30

type Environment = Record<string, string | undefined>

/** The first project that needs it does it for all. Either may be given, and stays as it is then. */
export default function setup(_project?: unknown, env: Environment = process.env): (() => void) | undefined {
  env['TMPDIR'] ??= isFit() ? memory : tmpdir()
  // The npm scripts keep what is compiled in the clone; vitest by itself, as editors start it, does not.
  if (env['NODE_COMPILE_CACHE'] !== undefined) return undefined
  // Tests start some 500 processes from the sources: what one has compiled, the next one reads. It goes with the run, as many of
  // those sources stand in folders that do.
  const compiled = mkdtempSync(path.join(tmpdir(), 'interlock-compiled-'))
  env['NODE_COMPILE_CACHE'] = compiled
  return () => {
    delete env['NODE_COMPILE_CACHE']
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
