/** The releases of other packages that the tests run with, as package.json has them. */
import manifest from '../../../package.json' with { type: 'json' }

const OLDEST = /-oldest$/
const versionOf = (range: string): string => range.replace(/^.*[@^]/, '')

/** Each package whose oldest release has a name of its own, with the newest beside it. */
export function releaseRows(): readonly (readonly string[])[] {
  const all = Object.entries<string>(manifest.devDependencies)
  const rows = all
    .filter(([alias]) => OLDEST.test(alias))
    .map(([, source]) => {
      const name = source.replace(/^npm:(.*)@.*$/, '$1')
      const newest = versionOf(all.find(([other]) => other === name)?.[1] ?? '')
      return [`\`${name}\``, versionOf(source), newest]
    })
  return [['package', 'oldest', 'newest'], ...rows]
}
