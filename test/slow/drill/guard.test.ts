// Slow: kills the drill, and waits for what its guard ends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../servers/cli/support.ts'
import { atEnd } from '../../support/this-test.ts'

const guard = path.join(import.meta.dirname, 'guard.ts')

/** A process under a guard. It has started three others: one is watched, one is a server of Patroni's, and one was forgotten. */
const program = (folder: string) => `
  import { spawn } from 'node:child_process'
  import { mkdirSync, writeFileSync } from 'node:fs'
  import { guardCluster } from ${JSON.stringify(guard)}
  const folder = ${JSON.stringify(folder)}
  const guard = guardCluster(folder)
  const [watched, server, forgotten] = [1, 2, 3].map(() => spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }).pid)
  guard.watch(forgotten)
  guard.watch(watched)
  guard.forget(forgotten)
  mkdirSync(folder + '/n1/data', { recursive: true })
  writeFileSync(folder + '/n1/data/postmaster.pid', server + '\\n')
  process.on('SIGTERM', () => guard.finish().then(() => process.exit(0)))
  console.log([watched, server, forgotten].join(' '))
  setInterval(() => {}, 1_000)`

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe("the drill's guard", () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'ends what was started and deletes the folder, when the drill ends by %s',
    async (signal) => {
      const home = await temporaryFolder()
      const [folder, file] = [path.join(home, 'cluster'), path.join(home, 'program.mjs')]
      await mkdir(folder)
      await writeFile(file, program(folder))
      const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
      const [text] = await once(child.stdout, 'data')
      const [watched = 0, server = 0, forgotten = 0] = String(text).split(' ').map(Number)
      atEnd(() => void process.kill(forgotten, 'SIGKILL'))
      child.kill(signal)
      await expect.poll(() => [watched, server].map(isThere)).toEqual([false, false])
      await expect.poll(() => existsSync(folder)).toBe(false)
      expect(isThere(forgotten)).toBe(true)
    },
  )
})
