import type { Command, Option } from 'commander'

/** What people can type behind `interlock`, at one command: what completions and the manual are made of. */
export interface CommandPage {
  /** `policy set`; empty: the program itself. */
  readonly name: string
  /** What follows the name: `[options] [job]`. */
  readonly usage: string
  readonly summary: string
  readonly options: readonly FlagPage[]
  /** The commands below it. */
  readonly below: readonly CommandPage[]
}

export interface FlagPage {
  /** `--limit` */
  readonly flag: string
  /** `--limit <n>` */
  readonly term: string
  readonly does: string
}

/** The program and all that is below it, as commander knows it. All commands have to be loaded. */
export function pageOf(command: Command, above: readonly string[] = []): CommandPage {
  const names = command.parent === null ? [] : [...above, command.name()]
  return {
    name: names.join(' '),
    usage: command.usage(),
    summary: command.description(),
    options: command.options.filter(({ hidden }) => !hidden).map(flagOf),
    below: command.commands.map((each) => pageOf(each, names)),
  }
}

const flagOf = (option: Option): FlagPage => ({
  flag: option.long ?? option.flags,
  term: option.flags,
  does:
    option.defaultValue === undefined
      ? option.description
      : `${option.description} (default: ${option.defaultValue})`,
})

/** The pages in one list, the program first. */
export const allPages = (page: CommandPage): readonly CommandPage[] => [page, ...page.below.flatMap(allPages)]
