/**
 * Unpacks the package as npm would publish it and uses it from outside: each entry has its types (`attw`), what it exports can be imported,
 * and its command runs. Finds what no test of the sources can: a file left out, or one looked for at a source's place.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')
const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
const cache = path.join(root, 'node_modules', '.cache')
fs.mkdirSync(cache, { recursive: true })

// Inside node_modules, so that the dependencies are found on the way up.
const outside = fs.mkdtempSync(path.join(cache, 'package-'))
const unpacked = path.join(outside, 'node_modules', manifest.name)
const node = (...args) => execFileSync(process.execPath, args, { cwd: outside, encoding: 'utf8' })

try {
  fs.mkdirSync(unpacked, { recursive: true })
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', outside], { cwd: root })
  const [archive] = fs.readdirSync(outside).filter((file) => file.endsWith('.tgz'))
  // Node requires modules since 22, which `attw` takes for two mistakes: test/slow/e2e/types.test.ts compiles programs that do so.
  const known = ['--profile', 'node16', '--ignore-rules', 'false-cjs', 'cjs-resolves-to-esm', '--quiet']
  execFileSync('attw', [path.join(outside, archive), ...known], { stdio: 'inherit' })
  execFileSync('tar', ['-xzf', path.join(outside, archive), '--strip-components=1', '-C', unpacked])

  const modules = Object.keys(manifest.exports).filter((name) => !name.endsWith('.json'))
  for (const name of modules) {
    const specifier = path.posix.join(manifest.name, name)
    node('--input-type=module', '--eval', `await import(${JSON.stringify(specifier)})`)
    console.log(`ok  import '${specifier}'`)
  }
  for (const [command, file] of Object.entries(manifest.bin)) {
    node(path.join(unpacked, file), '--help')
    console.log(`ok  ${command} --help`)
  }
} finally {
  fs.rmSync(outside, { recursive: true, force: true })
}
