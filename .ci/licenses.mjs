/** The licences of the packages that are bundled into the command and the page, as a file of the package. */
import fs from 'node:fs'
import path from 'node:path'

/** Licences that ask for no more than to be passed on with the code. */
const allowed = ['0BSD', 'MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0']

/** Files of which a bundle of esbuild has taken something, from the top of the repository. */
export const usedBy = (metafile) =>
  Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  )

/** The folders of the packages that these files are of. */
function packagesOf(used) {
  const folders = used.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0])
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort()
}

function sectionOf(root, folder) {
  const { name, version, license } = JSON.parse(
    fs.readFileSync(path.join(root, folder, 'package.json'), 'utf8'),
  )
  const file = fs.readdirSync(path.join(root, folder)).find((each) => /^licen[cs]e/i.test(each))
  if (!allowed.includes(license))
    throw new Error(`${name}@${version}: its licence ${license} is not known here`)
  if (file === undefined) throw new Error(`${name}@${version} brings no text of its licence`)
  const text = fs.readFileSync(path.join(root, folder, file), 'utf8').trim()
  return `${name} ${version} (${license})\n\n${text}\n`
}

/**
 * @throws where a package brings no licence, or one that was not thought about
 * @param used files that were bundled, from the top of the repository
 */
export function writeLicenses(root, used, file) {
  const rule = `\n${'-'.repeat(80)}\n\n`
  const head =
    'The library (dist/shared), the command interlock (dist/cli) and the page of its dashboard (dist/dashboard) contain code of these packages.\n'
  fs.writeFileSync(file, [head, ...packagesOf(used).map((folder) => sectionOf(root, folder))].join(rule))
}
