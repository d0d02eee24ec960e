import { CommanderError } from 'commander'
import { PACKAGE_VERSION } from '../../engine/coordinator/base/package-version.ts'
import { Cli } from './cli.ts'
import { commandGroups } from './command/index.ts'
import { exitCodes } from './exit.ts'
import type { Surface } from './frame.ts'
import type { Stream } from './terminal/lines.ts'

/** Runs one command line. Returns its exit code; never throws. */
export async function runCli(words: readonly string[], outside: Surface): Promise<number> {
  const { surface, hasSpoken } = listened(outside)
  const cli = new Cli(surface)
  cli.program.version(PACKAGE_VERSION, '--version')
  cli.program.helpCommand('help [command]', 'this page, or that of a command')
  for (const [heading, commands] of commandGroups) {
    cli.program.commandsGroup(heading)
    for (const command of commands) cli.list(command)
  }
  try {
    await cli.program.parseAsync([...words], { from: 'user' })
    return exitCodes.fine
  } catch (thrown) {
    // A help page ends like this.
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return exitCodes.fine
    const { exitCodeOf, failureDocument, failureText, goneCommand, Interrupted, isShownAlready } =
      await import('./failure.ts')
    const { columnsOf, written } = await import('./terminal/lines.ts')
    const columns = columnsOf(surface.stderr)
    const replaced = goneCommand(thrown, cli.program.args[0])
    if (cli.complaint !== undefined && replaced === undefined)
      surface.stderr.write(written(cli.complaint, columns))
    const error = surface.signal.aborted ? new Interrupted() : (replaced ?? thrown)
    const code = exitCodeOf(error)
    // A line that cannot be parsed may end with --json.
    const json = cli.program.opts()['json'] === true || words.includes('--json')
    // People read standard error. A program gets its document even without a result.
    if (json && code !== exitCodes.fine && !hasSpoken())
      surface.stdout.write(written(JSON.stringify(failureDocument(error))))
    if (!isShownAlready(error))
      surface.stderr.write(failureText(error, Boolean(surface.env['DEBUG']), columns))
    return code
  }
}

/** Surroundings that note whether a result was printed. */
function listened(outside: Surface): { readonly surface: Surface; readonly hasSpoken: () => boolean } {
  let spoken = false
  const write = (text: string) => {
    spoken = true
    return outside.stdout.write(text)
  }
  // Other properties of the stream, such as its width, stay live.
  const stdout: Stream = Object.create(outside.stdout, { write: { value: write } })
  return { surface: { ...outside, stdout }, hasSpoken: () => spoken }
}
