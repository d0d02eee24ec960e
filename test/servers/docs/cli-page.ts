/** What docs/reference/cli.md takes from the help texts of the commands. */
import { Cli } from '../../../src/apps/cli/cli.ts'
import { commandGroups } from '../../../src/apps/cli/command/index.ts'
import { runCli } from '../../../src/apps/cli/program.ts'
import { pageOf } from './markdown.ts'

export const cliPage = 'docs/reference/cli.md'

const begin = '<!-- From here on made by `npm run reference`, from the help texts -->'

/** The page as it should be: what people wrote, then the help of every command. */
export async function currentCliPage(): Promise<string> {
  const written = pageOf(cliPage).text.split(begin)[0] ?? ''
  const sections = await Promise.all((await commandNames()).map(section))
  return `${written}${begin}\n\n## All commands\n\n${overview()}\n## Commands\n\n${sections.join('\n')}`
}

/** What each command does, in the groups of `interlock --help`. */
function overview(): string {
  return commandGroups
    .map(([heading, commands]) => {
      const rows = commands.map(
        ({ usage, summary }) => `| [\`${usage}\`](#${usage.split(' ')[0]}) | ${summary} |`,
      )
      return `| ${heading.replace(':', '')} | |\n| --- | --- |\n${rows.join('\n')}\n`
    })
    .join('\n')
}

async function section(name: string): Promise<string> {
  const words = name.split(' ')
  return `### ${name}\n\n\`\`\`text\n${withoutGlobals(await help(words))}\n\`\`\`\n`
}

const silent = { write: () => {} }
/** Surroundings in which nothing is typed and nothing is shown. */
const nobody = { stdout: silent, stderr: silent, env: {}, signal: new AbortController().signal }

/** The options that every command has, and what each says. */
export const commonOptions = (): readonly (readonly [flags: string, says: string])[] =>
  new Cli(nobody).program.options.map(({ flags, description, defaultValue }) => [
    flags,
    description
      .replace('interlock-queue/docs', 'docs')
      .replace(/[^\s(]*(?:<\w+>|:\/\/|_[A-Z])[^\s),]*/g, '`$&`')
      .concat(defaultValue === undefined ? '' : ` (default: \`${defaultValue}\`)`),
  ])

/** The options of every command are said once, at the head of the page. */
function withoutGlobals(text: string): string {
  return text.replace(/^Global Options:\n(?:.+\n)+\n?/m, '').trim()
}

/** The commands of this release, those under another one behind it. */
export async function commandNames(words: readonly string[] = []): Promise<readonly string[]> {
  // Options begin with a dash and examples with a dollar sign; only names of commands stand two columns in.
  const names = (await help(words)).split('\n').flatMap((line) => /^ {2}([a-z][\w-]*)/.exec(line)?.[1] ?? [])
  const own = names.filter((name) => name !== 'help').map((name) => [...words, name].join(' '))
  if (words.length > 0) return own
  const below = await Promise.all(own.map(async (name) => [name, ...(await commandNames([name]))]))
  return below.flat()
}

/** What `interlock … --help` prints where the output is no terminal. */
async function help(words: readonly string[]): Promise<string> {
  const written: string[] = []
  const stdout = { write: (part: string) => written.push(part) }
  await runCli([...words, '--help'], { ...nobody, stdout, stderr: stdout })
  return written.join('')
}
