import { CommanderError } from 'commander'
import { RELEASE } from '../coordinator/release.ts'
import { Cli } from './cli.ts'
import { commandGroups } from './command/index.ts'
import { exitCodes } from './exit.ts'
import { exitCodeOf, FoundSomething, failureText, Interrupted } from './failure.ts'
import type { Surface } from './frame.ts'

/** Runs one command line. Returns its exit code; never throws. */
export async function runCli(words: readonly string[], surface: Surface): Promise<number> {
  const cli = new Cli(surface)
  cli.program.version(RELEASE, '--version')
  const help = cli.program.createCommand('help [command]').description('this page, or that of a command')
  cli.program.addHelpCommand(help.helpGroup('Begin:'))
  for (const [heading, commands] of commandGroups) {
    cli.program.commandsGroup(heading)
    for (const add of commands) add(cli)
  }
  try {
    await cli.program.parseAsync([...words], { from: 'user' })
    return exitCodes.fine
  } catch (thrown) {
    const error = surface.signal.aborted ? new Interrupted() : thrown
    if (!isToldAlready(error)) surface.stderr.write(failureText(error, Boolean(surface.env['DEBUG'])))
    return exitCodeOf(error)
  }
}

const isToldAlready = (error: unknown): boolean =>
  error instanceof CommanderError || error instanceof FoundSomething || error instanceof Interrupted
