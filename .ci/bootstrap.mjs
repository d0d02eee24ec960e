/**
 * Lets every npm script of a fresh clone run with nothing prepared: installs what package-lock.json asks for
 * unless it is there already, then hands over to the pinned Node.
 *
 *   node .ci/bootstrap.mjs <script.ts | command of an installed package> [arguments]
 *
 * The Node that starts this file may be an old one (18 or later), so it is plain JavaScript without a dependency.
 */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const modules = path.join(root, 'node_modules')
const pinnedNode = path.join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
const lockFile = path.join(root, '.ci', '.installing')

const json = (file) => JSON.parse(fs.readFileSync(path.join(root, file), 'utf8'))

/**
 * Whether node_modules is what package-lock.json describes. Compares contents and not times: a checkout touches
 * the lock without changing it, and reinstalling would pull the modules from under a program that is running.
 */
function isInstalled() {
  try {
    fs.accessSync(pinnedNode, fs.constants.X_OK)
    const wanted = json('package-lock.json').packages
    const present = json('node_modules/.package-lock.json').packages
    const same = ([name, entry]) =>
      name === '' || (present[name] ? present[name].version === entry.version : Boolean(entry.optional))
    return Object.entries(wanted).every(same) && Object.keys(present).every((name) => name in wanted)
  } catch {
    return false
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** The processes named in the lock: the bootstrap that took it and the npm it started, which may outlive it. */
function owners() {
  return fs
    .readFileSync(lockFile, 'utf8')
    .trim()
    .split(/\s+/)
    .map(Number)
    .filter((pid) => pid > 0)
}

/** An owner writes its pid right after it made the file; only an older file without a live pid is abandoned. */
function isAbandoned() {
  try {
    const ageMs = Date.now() - fs.statSync(lockFile).mtimeMs
    return ageMs > 2_000 && !owners().some(isAlive)
  } catch {
    return false
  }
}

function tryLock() {
  try {
    fs.writeFileSync(lockFile, `${process.pid}\n`, { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    return false
  }
}

/** Waits until this process may install, or until another one has installed; true in the first case. */
async function lockUnlessInstalled() {
  while (!tryLock()) {
    if (isAbandoned()) fs.rmSync(lockFile, { force: true })
    else await sleep(200)
    if (!fs.existsSync(lockFile) && isInstalled()) return false
  }
  return true
}

/** Runs a child and hands on the signals that ask this process to end; `ended` tells how it ended, and which came. */
function run(command, args, options) {
  const child = spawn(command, args, options)
  // A terminal sends Ctrl-C to the child too: sending it again would look like an impatient second one.
  let received
  const forward = (signal) => {
    received = signal
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward)
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, forward)
      resolve({ code, signal, received })
    })
  })
  return { child, ended }
}

/** Ends this process the way its child ended: with its exit code, or by the same signal. */
function endAs({ code, signal }) {
  if (!signal) process.exit(code)
  process.kill(process.pid, signal)
  // For a signal that does not end this process at once.
  process.exitCode = 128 + (os.constants.signals[signal] ?? 0)
}

async function install() {
  process.stderr.write('installing dependencies (first run)…\n')
  const flags = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env.npm_execpath
  const command = npm ? [process.execPath, [npm, ...flags]] : ['npm', flags]
  const { child, ended } = run(command[0], command[1], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: !npm && process.platform === 'win32',
  })
  if (child.pid) fs.appendFileSync(lockFile, `${child.pid}\n`)
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk))
  const end = await ended
  if (end.code === 0 && isInstalled()) return
  fs.rmSync(lockFile, { force: true })
  if (end.received) endAs({ code: null, signal: end.received })
  process.stderr.write(Buffer.concat(output))
  process.stderr.write('the dependencies could not be installed: run `npm ci` to see why\n')
  process.exit(1)
}

async function ensureInstalled() {
  if (!fs.existsSync(lockFile) && isInstalled()) return
  if (!(await lockUnlessInstalled())) return
  try {
    if (!isInstalled()) await install()
  } finally {
    fs.rmSync(lockFile, { force: true })
  }
}

/** The script that a command of an installed package stands for; a path stays what it is. */
function scriptOf(what) {
  if (/\.[cm]?[jt]s$/.test(what)) return path.join(root, what)
  const link = path.join(modules, '.bin', what)
  if (fs.existsSync(link)) return fs.realpathSync(link)
  process.stderr.write(`bootstrap: there is no command "${what}"\n`)
  process.exit(2)
}

const [what, ...args] = process.argv.slice(2)
if (!what) {
  process.stderr.write('usage: node .ci/bootstrap.mjs <script or command> [arguments]\n')
  process.exit(2)
}
await ensureInstalled()
// Compiled code is kept between processes: the tests start hundreds of them.
const NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE ?? path.join(modules, '.cache', 'compiled')
const bin = [path.dirname(pinnedNode), path.join(modules, '.bin'), process.env.PATH].join(path.delimiter)
endAs(
  await run(pinnedNode, [scriptOf(what), ...args], {
    stdio: 'inherit',
    env: { ...process.env, NODE_COMPILE_CACHE, PATH: bin },
  }).ended,
)
