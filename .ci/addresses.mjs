/**
 * Where the sources are (INTERLOCK_REPOSITORY, such as https://git.example/queue) gets into what is packed: the manifest says it, links and pictures of
 * the pages lead there, and of docs/ only the pages that messages name stay in. Without it nothing changes: docs/ is in the package, and the
 * links lead to it.
 *
 *   node .ci/addresses.mjs              before the package is packed, in its folder
 *   node .ci/addresses.mjs --restore    after it: puts back what was changed
 */
import fs from 'node:fs'
import path from 'node:path'

const kept = 'node_modules/.cache/interlock-unpacked'
const alerts = 'docs/observability/alerts.yml'
/** Pages that a program names: somebody may read them where there is no network. */
const named = [
  ...new Set(
    fs.readFileSync('src/engine/core/says/manual.ts', 'utf8').match(/(?<=')[\w-]+\/docs\/[\w/-]+\.md/gu),
  ),
].map((page) => page.slice(page.indexOf('/') + 1))
const pages = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', ...named]
const changed = ['package.json', alerts, ...pages]

/** Puts back what a run before has changed, also one that was killed. */
function restore() {
  if (!fs.existsSync(kept)) return
  for (const file of changed) if (fs.existsSync(`${kept}/${file}`)) fs.copyFileSync(`${kept}/${file}`, file)
  fs.rmSync(kept, { recursive: true })
}

function keep() {
  for (const file of changed) {
    fs.mkdirSync(path.dirname(`${kept}.new/${file}`), { recursive: true })
    fs.copyFileSync(file, `${kept}.new/${file}`)
  }
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
  manifest.files = manifest.files.flatMap((file) =>
    file === 'docs' ? ['docs/observability', ...named] : [file],
  )
  fs.writeFileSync('package.json', `${JSON.stringify(manifest, undefined, 2)}\n`)
  for (const file of pages) fs.writeFileSync(file, linked(file, address))
  const rules = fs.readFileSync(alerts, 'utf8')
  fs.writeFileSync(alerts, rules.replaceAll('runbook_url: ', `runbook_url: ${address}/blob/HEAD/`))
}

/** Blocks and words of code stay as they are. */
function linked(file, address) {
  return fs
    .readFileSync(file, 'utf8')
    .replace(
      /^```[\s\S]*?^```|`[^`\n]*`|(!?)(\[[^[\]]*\])\((?![a-z]+:|#)([^)\s]+)\)/gmu,
      (all, picture, words, link) => {
        if (link === undefined) return all
        const to = path.posix.join(path.posix.dirname(file), link)
        return `${picture}${words}(${address}/${picture === '!' ? 'raw' : 'blob'}/HEAD/${to})`
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
