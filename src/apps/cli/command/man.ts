import type { Cli } from '../cli.ts'
import { exitMeanings } from '../exit.ts'
import { type CommandPage, type FlagPage, pageOf } from '../shell/pages.ts'

export function addMan(cli: Cli): void {
  cli.command(
    'man',
    [
      ['man | man -l -', 'read it'],
      ['man > interlock.1', 'for a folder of manual pages'],
    ],
    async (frame) => {
      await cli.loadAll()
      const page = manualOf(pageOf(cli.program), cli.program.version() ?? '')
      frame.surface.stdout.write(`${page.join('\n')}\n`)
    },
  )
}

/** The manual page in the language of `man`, from what commander knows of the commands. */
function manualOf(program: CommandPage, release: string): readonly string[] {
  return [
    `.TH INTERLOCK 1 "" "interlock ${text(release)}" "User Commands"`,
    ...['.SH NAME', `interlock \\- ${text(program.summary)}`],
    ...['.SH SYNOPSIS', '.B interlock', '[options] <command>'],
    ...['.SH OPTIONS', ...program.options.flatMap(flagText)],
    ...term('-h, --help', 'what can be typed at a command'),
    ...['.SH COMMANDS', ...program.below.flatMap(commandText)],
    ...['.SH EXIT STATUS', ...exitMeanings.flatMap(([code, meaning]) => term(String(code), meaning))],
  ]
}

function commandText({ name, usage, summary, options, below }: CommandPage): readonly string[] {
  const own = [
    ...[
      `.SS interlock ${text(name)}`,
      text(sentence(summary)),
      '.PP',
      `.B interlock ${text(`${name} ${usage}`)}`,
    ],
    ...options.flatMap(flagText),
  ]
  return [...own, ...below.flatMap(commandText)]
}

const flagText = ({ term: flag, does }: FlagPage): readonly string[] => term(flag, does)

const term = (what: string, does: string): readonly string[] => ['.TP', `.B ${text(what)}`, text(does)]

const sentence = (summary: string): string => `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`

/** A line of text: a dash can be copied, what is not ASCII is named, and nothing in it is an order to `man`. */
const text = (line: string): string =>
  line
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/[^ -~]/gu, (one) => `\\[u${one.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`)
    .replace(/^([.'])/, '\\&$1')
