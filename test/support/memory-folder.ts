import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const place = '/dev/shm'
/** What a run needs at most, and as much again. */
const LEAST_FREE = 4 * 2 ** 30

/**
 * A folder for temporary files that is in memory: a run makes and drops a thousand databases, and on a disk half of PostgreSQL's
 * processor time goes into their files. Undefined where there is none, it is small, or no program may be started from it (Docker).
 */
export function memoryFolder(): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(place)
    const isOpen = (statSync(place).mode & 0o777) === 0o777
    if (!isOpen || bavail * bsize < LEAST_FREE || process.availableMemory() < LEAST_FREE) return undefined
    return startsPrograms() ? place : undefined
  } catch {
    return undefined
  }
}

function startsPrograms(): boolean {
  const folder = mkdtempSync(path.join(place, 'interlock-'))
  try {
    const program = path.join(folder, 'program')
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o700 })
    execFileSync(program)
    return true
  } finally {
    rmSync(folder, { recursive: true })
  }
}
