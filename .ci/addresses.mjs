/**
 * Where the sources are (INTERLOCK_REPOSITORY, such as https://git.example/queue) gets into what is packed: the manifest says it, links and pictures of
 * the pages lead there, and the pages of docs/ stay out. Without it nothing changes: docs/ is in the package, and the links lead to it.
 *
 *   node .ci/addresses.mjs              before the package is packed, in its folder
 *   node .ci/addresses.mjs --restore    after it: puts back what was changed
 */
import fs from 'node:fs'

const kept = 'node_modules/.cache/interlock-unpacked'
const changed = ['package.json', 'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']

/** Puts back what a run before has changed, also one that was killed. */
function restore() {
  if (!fs.existsSync(kept)) return
  for (const file of changed) fs.copyFileSync(`${kept}/${file}`, file)
  fs.rmSync(kept, { recursive: true })
}

function keep() {
  fs.mkdirSync(`${kept}.new`, { recursive: true })
  for (const file of changed) fs.copyFileSync(file, `${kept}.new/${file}`)
  // Whole or not at all.
  fs.renameSync(`${kept}.new`, kept)
}

/** @param given an address of a web page, or of a clone from there */
function addressOf(given) {
  const address = given.replace(/^git\+/u, '').replace(/(?:\.git)?\/?$/u, '')
  if (/^https:\/\/[^\s/]+\/\S+$/u.test(address)) return address
  throw new Error(
    `INTERLOCK_REPOSITORY: must be such as https://git.example/interlock/queue, and is ${given}`,
  )
}

function change(address) {
  const manifest = JSON.parse(fs.readFileSync('package.json', 'utf8'))
  manifest.repository = { type: 'git', url: `git+${address}.git` }
  manifest.homepage = `${address}#readme`
  manifest.bugs = `${address}/issues`
  // What Prometheus and Grafana are given is no page.
  manifest.files = manifest.files.map((file) => (file === 'docs' ? 'docs/observability' : file))
  fs.writeFileSync('package.json', `${JSON.stringify(manifest, undefined, 2)}\n`)
  for (const file of changed.slice(1)) fs.writeFileSync(file, linked(fs.readFileSync(file, 'utf8'), address))
}

/** Blocks and words of code stay as they are. */
function linked(text, address) {
  return text.replace(
    /^```[\s\S]*?^```|`[^`\n]*`|(!?)(\[[^[\]]*\])\((?![a-z]+:|#)([^)\s]+)\)/gmu,
    (all, picture, words, link) => {
      if (link === undefined) return all
      return `${picture}${words}(${address}/${picture === '!' ? 'raw' : 'blob'}/HEAD/${link})`
    },
  )
}

restore()
const given = process.env.INTERLOCK_REPOSITORY
if (given && !process.argv.includes('--restore')) {
  const address = addressOf(given)
  keep()
  change(address)
}
