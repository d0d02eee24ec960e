/**
 * `npm test --prefix bench`: the programs of docs/guides/moving.md, one for each queue, compile against the packed package and the packages of
 * bench/package.json, and print what the page says.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import manifest from '../package.json' with { type: 'json' }
import { compile } from '../test/support/compiler.ts'
import { makeArchive } from '../test/support/package-archive.ts'
import { startRedis } from './frame/redis.ts'
import { migrateAt, serversAt } from './frame/servers.ts'
import others from './package.json' with { type: 'json' }

const root = path.resolve(import.meta.dirname, '..')
const page = readFileSync(path.join(root, 'docs/guides/moving.md'), 'utf8')
const blocks = new Map(
  [...page.matchAll(/^```\w+ moving (\S+)\n([\s\S]*?)^```/gm)].map(([, name = '', code = '']) => [
    name,
    code,
  ]),
)
const blockOf = (name: string): string => {
  const code = blocks.get(name)
  if (code === undefined) throw new Error(`docs/guides/moving.md has no block "moving ${name}"`)
  return code
}
const queues = [...blocks.keys()].filter((name) => name !== 'shared' && name !== 'printed')

/** A program is what all share, below the imports. */
function programOf(queue: string): string {
  const lines = blockOf(queue).split('\n')
  const imports = lines.filter((line) => line.startsWith('import '))
  const rest = lines.filter((line) => !line.startsWith('import '))
  return ["import type { Knex } from 'knex'", ...imports, blockOf('shared'), ...rest].join('\n')
}

const run = promisify(execFile)

/** The packed package, what it depends on, the other queues, and what the programs import besides. */
async function installInto(modules: string): Promise<void> {
  const own = path.join(modules, manifest.name)
  mkdirSync(path.join(modules, '@types'), { recursive: true })
  mkdirSync(own)
  await run('tar', ['-xzf', archive.place, '--strip-components=1', '-C', own])
  const beside = { ...manifest.dependencies, ...manifest.optionalDependencies }
  for (const name of [...Object.keys(beside), '@types/node', '@types/pg', 'knex', 'pg'])
    link(path.join(root, 'node_modules', name), path.join(modules, name))
  for (const name of Object.keys(others.dependencies))
    link(path.join(root, 'bench/node_modules', name), path.join(modules, name))
}

function link(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true })
  symlinkSync(from, to, 'junction')
}

await using servers = serversAt(undefined)
const redis = await startRedis('everysec')
if (redis === undefined) throw new Error('BullMQ needs Redis: apt-get install redis-server')
const archive = await makeArchive()
const folder = mkdtempSync(path.join(tmpdir(), 'interlock-moving-'))
try {
  await installInto(path.join(folder, 'node_modules'))
  const fileOf = (queue: string) => path.join(folder, `${queue}.mts`)
  for (const queue of queues) writeFileSync(fileOf(queue), programOf(queue))
  const config = path.join(folder, 'tsconfig.json')
  const compilerOptions = {
    noPropertyAccessFromIndexSignature: false,
    skipLibCheck: true,
    noUnusedLocals: false,
  }
  const files = queues.map(fileOf)
  writeFileSync(
    config,
    JSON.stringify({ extends: path.join(root, 'tsconfig.json'), compilerOptions, files, include: [] }),
  )
  const wrong = await compile(config, folder)
  if (wrong !== '') throw new Error(wrong)

  for (const queue of queues) {
    const url = await servers.copy('moving', migrateAt)
    const env = { ...process.env, DATABASE_URL: url, REDIS_URL: redis.url }
    const { stdout } = await run(process.execPath, [fileOf(queue)], { cwd: folder, env, timeout: 120_000 })
    const printed = stdout
      .split('\n')
      .filter((line) => /^mail, | on gpu-/.test(line))
      .toSorted()
    const expected = blockOf('printed').trim().split('\n')
    if (printed.join('\n') !== expected.join('\n'))
      throw new Error(`${queue} printed\n${stdout}\ninstead of\n${expected.join('\n')}`)
    console.log(`${queue}: ${expected.length} lines as the page says`)
  }
} finally {
  rmSync(folder, { recursive: true })
  await archive.remove()
  await redis.remove()
}
