/**
 * What no test says of the sources and of the package.
 *
 *   npm run check [-- <part> …]    all, or: lint, types, imports, unused, package
 */
import { runParts } from './parts.mjs'

runParts({
  lint: [['biome', 'check', '--error-on-warnings']],
  types: [
    ['tsc', '-p', 'tsconfig.json'],
    ['tsc', '-p', 'tsconfig.page.json'],
  ],
  imports: [['vitest', 'run', 'test/fast/architecture']],
  unused: [['knip']],
  package: [['.ci/build.mjs'], ['publint', '--strict'], ['.ci/package.mjs']],
})
