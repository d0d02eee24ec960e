import { CommanderError } from 'commander'
import { RELEASE } from '../coordinator/release.ts'
import { Cli } from './cli.ts'
import { commandGroups } from './command/index.ts'
import { exitCodes } from './exit.ts'
import {
  exitCodeOf,
  FoundSomething,
  failureDocument,
  failureText,
  Interrupted,
  NotDone,
  NotFound,
} from './failure.ts'
import type { Surface } from './frame.ts'

/** Runs one command line. Returns its exit code; never throws. */
export async function runCli(words: readonly string[], surface: Surface): Promise<number> {
  const cli = new Cli(surface)
  cli.program.version(RELEASE, '--version')
  cli.program.helpCommand('help [command]', 'this page, or that of a command')
  for (const [heading, commands] of commandGroups) {
    cli.program.commandsGroup(heading)
    for (const add of commands) add(cli)
  }
  try {
    await cli.program.parseAsync([...words], { from: 'user' })
    return exitCodes.fine
  } catch (thrown) {
    const error = surface.signal.aborted ? new Interrupted() : thrown
    if (!isToldAlready(error)) tell(surface, error, cli.program.opts()['json'] === true)
    return exitCodeOf(error)
  }
}

const isToldAlready = (error: unknown): boolean =>
  [CommanderError, FoundSomething, NotFound, NotDone, Interrupted].some((told) => error instanceof told)

/** People read standard error; a program gets its one document also when there is no result. */
function tell(surface: Surface, error: unknown, json: boolean): void {
  if (json) surface.stdout.write(`${JSON.stringify(failureDocument(error))}\n`)
  surface.stderr.write(failureText(error, Boolean(surface.env['DEBUG'])))
}
