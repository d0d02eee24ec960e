/**
 * `npm run test:more -- versions | explore | drill`: tests that take minutes, download servers, or look for what is new each time. What is typed
 * behind the word goes to that program.
 */
const programs: Readonly<Record<string, () => Promise<unknown>>> = {
  versions: () => import('./versions.ts'),
  explore: () => import('./explore.ts'),
  drill: () => import('../slow/drill/main.ts'),
}

const [name = ''] = process.argv.splice(2, 1)
const start = programs[name]
if (start === undefined) {
  console.error(`npm run test:more -- ${Object.keys(programs).join(' | ')}`)
  process.exitCode = 2
} else await start()
