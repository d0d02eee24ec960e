import { Command, Option, type OptionValues } from 'commander'
import { type CommonOptions, Frame, type Surface } from './frame.ts'

/** What a command does: its frame, the words that were typed after its name, and its options. */
export type Action<Options> = (
  frame: Frame,
  words: readonly (string | undefined)[],
  options: Options,
) => Promise<void>

/** The program under construction: every command is added through here, so that all have the same frame. */
export class Cli {
  readonly program: Command
  readonly #surface: Surface

  constructor(surface: Surface) {
    this.#surface = surface
    this.program = new Command('interlock')
      .description('Jobs that share a model never run at the same time; every other job does.')
      .addOption(
        new Option(
          '--url <address>',
          'pglite:<folder> (default ./.interlock), postgres://… or https://….supabase.co',
        ),
      )
      .addOption(new Option('--queue <name>', 'which queue').default('default'))
      .option('--as <name>', 'who does this, for the log: a role rather than a person (INTERLOCK_AS)')
      .option('--json', 'one JSON document on standard output')
      .option('--verbose', 'show the lines of the coordinator on standard error')
      .configureHelp({ showGlobalOptions: true, helpWidth: Math.min(surface.stdout.columns ?? 80, 100) })
      .configureOutput({
        writeOut: (text) => surface.stdout.write(text),
        writeErr: (text) => surface.stderr.write(text),
      })
      .exitOverride()
  }

  /** Adds a command with examples to learn from: pairs of what to type and what it does. */
  command<Options extends OptionValues>(
    usage: string,
    summary: string,
    examples: readonly (readonly [typed: string, does: string])[],
    action: Action<Options>,
  ): Command {
    return this.under(this.program, usage, summary, examples, action)
  }

  under<Options extends OptionValues>(
    parent: Command,
    usage: string,
    summary: string,
    examples: readonly (readonly [typed: string, does: string])[],
    action: Action<Options>,
  ): Command {
    const command = parent.command(usage).description(summary)
    return command
      .addHelpText('after', exampleText(examples))
      .action((...passed: unknown[]) =>
        action(this.#frame(command), wordsOf(passed), command.opts<Options>()),
      )
  }

  #frame(command: Command): Frame {
    return new Frame(this.#surface, command.optsWithGlobals<CommonOptions>())
  }
}

/** Commander passes the words, then the options and the command itself. */
function wordsOf(passed: readonly unknown[]): readonly (string | undefined)[] {
  return passed.slice(0, -2) as (string | undefined)[]
}

function exampleText(examples: readonly (readonly [string, string])[]): string {
  if (examples.length === 0) return ''
  const lines = examples.map(([typed, does]) => `  $ interlock ${typed}\n      ${does}`)
  return `\nExamples:\n${lines.join('\n')}\n`
}
