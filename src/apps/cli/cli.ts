import { Command, Option } from 'commander'
import { exitMeanings } from './exit.ts'
import type { CommonOptions, Frame, Surface } from './frame.ts'

/** A command as the list of all knows it; the rest of it is loaded when somebody asks for it. */
export interface Listed {
  /** Its name, and what is typed after it. */
  readonly usage: string
  readonly summary: string
  readonly load: () => Promise<(cli: Cli) => void>
}

type Examples = readonly (readonly [typed: string, does: string])[]

const EXAMPLE = ' '.repeat(6)

/** The action of a command: its frame, the words after its name, and its options. */
export type Action<Options> = (
  frame: Frame,
  words: readonly (string | undefined)[],
  options: Options,
) => Promise<void>

/**
 * The program under construction. Every command is added here, so that all have the same frame. A command is listed at once and
 * loaded when it is typed: a help page needs neither a store nor a chart.
 */
export class Cli {
  readonly program: Command
  readonly #surface: Surface
  readonly #unloaded = new Map<Command, Listed['load']>()

  /** What is wrong with the words that were typed. Who prints it loads what makes a line of it: a help page needs none. */
  complaint: string | readonly string[] | undefined

  constructor(surface: Surface) {
    this.#surface = surface
    this.program = new Command('interlock')
      .description(
        'A queue in which two jobs that share a model never run at the same time.\n' +
          'By default a queue runs one job at a time; `interlock policy set --policy by-model` lets jobs on ' +
          'different models run side by side.',
      )
      .addOption(
        new Option(
          '--url <address>',
          'pglite:<folder> (default ./.interlock), postgres://… or https://….supabase.co',
        ),
      )
      .option(
        '--schema <name>',
        'on PostgreSQL: the schema that has all of Interlock, instead of public and interlock (INTERLOCK_SCHEMA)',
      )
      .addOption(
        new Option(
          '--queue <name>',
          'the queue to use; a new one is made by its first job or setting',
        ).default('default'),
      )
      .option('--by <person>', 'who you are; kept beside the log, where it can be deleted (INTERLOCK_BY)')
      .option('--as <role>', 'the role you act in; the log keeps it permanently (INTERLOCK_AS)')
      .option(
        '--json',
        'print one JSON document to standard output; its fields: interlock-queue/docs/reference/json.md',
      )
      .option('--verbose', 'print the log lines of the coordinator to standard error')
      .configureHelp({
        showGlobalOptions: true,
        helpWidth: this.#width,
        subcommandTerm: termOf,
      })
      .configureOutput({
        writeOut: (text) => surface.stdout.write(text),
        writeErr: (text) => surface.stderr.write(text),
        outputError: (text) => {
          this.complaint = sentencesOf(text)
        },
      })
      .exitOverride()
      .addHelpText('after', belowCommands)
      .hook('preSubcommand', (_, command) => this.#load(command))
  }

  list({ usage, summary, load }: Listed): void {
    this.#unloaded.set(this.program.command(usage).description(summary), load)
  }

  async #load(command: Command): Promise<void> {
    const load = this.#unloaded.get(command)
    this.#unloaded.delete(command)
    const add = await load?.()
    add?.(this)
  }

  /** Loads the rest of every command: its options, and what is below it. */
  async loadAll(): Promise<void> {
    for (const command of this.#unloaded.keys()) await this.#load(command)
  }

  /** Adds an action to a listed command, and examples: pairs of what to type and what it does. */
  command<Options extends object>(name: string, examples: Examples, action: Action<Options>): Command {
    const command = this.program.commands.find((each) => each.name() === name)
    if (command === undefined) throw new Error(`the command ${name} is not listed`)
    return this.#complete(command, examples, action)
  }

  under<Options extends object>(
    parent: Command,
    usage: string,
    summary: string,
    examples: Examples,
    action: Action<Options>,
  ): Command {
    return this.#complete(parent.command(usage).description(summary), examples, action)
  }

  /** What an example does stands below it, in lines as wide as the rest of the page. */
  #exampleText(examples: Examples): string {
    if (examples.length === 0) return ''
    const wrap = (text: string) => this.program.createHelp().boxWrap(text, this.#width - EXAMPLE.length)
    const lines = examples.map(
      ([typed, does]) => `  $ interlock ${typed}\n${EXAMPLE}${wrap(does).replaceAll('\n', `\n${EXAMPLE}`)}`,
    )
    return `\nExamples:\n${lines.join('\n')}\n`
  }

  get #width(): number {
    return Math.min(this.#surface.stdout.columns ?? 80, 100)
  }

  #complete<Options extends object>(command: Command, examples: Examples, action: Action<Options>): Command {
    return command.addHelpText('after', this.#exampleText(examples)).action(async (...passed: unknown[]) => {
      const { Frame } = await import('./frame.ts')
      const words = wordsOf(passed)
      const frame = new Frame(this.#surface, command.optsWithGlobals<CommonOptions>(), typed(command, words))
      await action(frame, words, command.opts() as Options)
    })
  }
}

/** Below the list of commands. */
const belowCommands = `
Times:
  10m    ten minutes ago; also s, h, d, w
  14:03  the last time your clock showed it: before 14:03 that was yesterday;
         14:03Z is UTC

Exit codes:
${exitMeanings.map(([code, meaning]) => `  ${String(code).padEnd(5)}${meaning}`).join('\n')}`

/** Commander quotes what was typed, and may add a line of its own. */
const sentencesOf = (text: string): readonly string[] => text.trimEnd().split(/\n(?=\(Did you mean )/)

/** A command in a list of several: its options are on its own page, and not loaded yet. */
function termOf(command: Command): string {
  const words = command.registeredArguments.map((word) =>
    word.required ? `<${word.name()}>` : `[${word.name()}]`,
  )
  return [command.name(), ...words].join(' ')
}

/** `interlock`, `pause`, `flux-dev`. A help page must not load what quotes them. */
function typed(command: Command, words: readonly (string | undefined)[]): readonly string[] {
  const names: string[] = []
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name())
  return [...names, ...words.filter((word) => word !== undefined)]
}

/** Commander passes the words, then the options and the command itself. */
function wordsOf(passed: readonly unknown[]): readonly (string | undefined)[] {
  return passed.slice(0, -2) as (string | undefined)[]
}
