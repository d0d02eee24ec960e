/**
 * The other queues, whose packages are an install of their own (bench/package.json): `npm ci` for a test brings none of them, and
 * what imports them (others/) is checked there, by `npm test --prefix bench`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import manifest from '../package.json' with { type: 'json' }
import type { Peer, Session, Setting } from './peer.ts'

const folder = path.resolve(import.meta.dirname, '..')

/** Their packages, with the versions that are measured. */
export const versions: Readonly<Record<string, string>> = manifest.dependencies

interface Queue {
  migrate(url: string): Promise<void>
  connect(setting: Setting, ...how: readonly unknown[]): Promise<Session>
  left(url: string): Promise<number>
}

interface RedisCalls {
  empty(url: string): Promise<void>
  counter(url: string): AsyncDisposable & { count(): Promise<number> }
}

// As a string: the compiler of the sources follows none of these, the bundler all of them.
export const graphile = (): Promise<Queue> => import('./others/graphile.ts' as string)
export const pgBoss = (): Promise<Queue> => import('./others/pg-boss.ts' as string)
export const bullmq = (): Promise<Queue> => import('./others/bullmq.ts' as string)
export const redis = (): Promise<RedisCalls> => import('./others/redis.ts' as string)

/** Installs the packages if one of these peers needs them and they are not there, or in another version. */
export async function installOthers(peers: readonly Peer[]): Promise<void> {
  if (peers.every(({ pack }) => pack === undefined) || Object.keys(versions).every(isInstalled)) return
  console.error(
    `installing ${Object.keys(versions).join(', ')} into bench/node_modules (npm ci in bench); --peers interlock needs none of them`,
  )
  const npm = process.env['npm_execpath']
  const [command, words] = npm === undefined ? ['npm', ['ci']] : [process.execPath, [npm, 'ci']]
  const shell = npm === undefined && process.platform === 'win32'
  const child = spawn(command, words, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], shell })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error('the other queues could not be installed: run npm ci in bench to see why')
}

function isInstalled(name: string): boolean {
  try {
    const text = readFileSync(path.join(folder, 'node_modules', name, 'package.json'), 'utf8')
    return JSON.parse(text).version === versions[name]
  } catch {
    return false
  }
}
