import { allPages, type CommandPage, type FlagPage } from './pages.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** A script that completes commands and options in this shell; where there is neither, it completes files. */
export const completionFor = (shell: Shell, program: CommandPage): readonly string[] =>
  scripts[shell](pagesWith(program))

const scripts: Readonly<Record<Shell, (pages: readonly CommandPage[]) => readonly string[]>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** Every command takes the options of the program and `--help` too. */
function pagesWith(program: CommandPage): readonly CommandPage[] {
  const everywhere = [...program.options.filter(({ flag }) => flag !== '--version'), help]
  return allPages(program).map((page) => ({
    ...page,
    options: page === program ? [...page.options, help] : [...page.options, ...everywhere],
  }))
}

const help: FlagPage = { flag: '--help', term: '-h, --help', does: 'what can be typed here' }

/** What was typed so far that names a command, word by word: the words of `policy set`, whatever options stand between them. */
const commandWords = (pages: readonly CommandPage[]): string =>
  pages.flatMap(({ name }) => (name === '' ? [] : [`' ${name}'`])).join('|')

const caseOf = ({ name }: CommandPage): string => (name === '' ? "''" : `' ${name}'`)
const lastWord = ({ name }: CommandPage): string => name.split(' ').at(-1) ?? ''

function bashScript(pages: readonly CommandPage[]): readonly string[] {
  return [
    '# interlock completion bash: put this into ~/.bashrc: source <(interlock completion bash)',
    '_interlock() {',
    '  local word at=""',
    `  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
    `    case "$at $word" in ${commandWords(pages)}) at="$at $word" ;; esac`,
    '  done',
    '  local words=""',
    '  case "$at" in',
    ...pages.map((page) => {
      const words = [...page.below.map(lastWord), ...page.options.map(({ flag }) => flag)]
      return `    ${caseOf(page)}) words="${words.join(' ')}" ;;`
    }),
    '  esac',
    `  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))`,
    '}',
    'complete -o default -F _interlock interlock',
  ]
}

/** In single quotes, for zsh and fish. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '').replaceAll("'", "'\\''")}'`

function zshScript(pages: readonly CommandPage[]): readonly string[] {
  // The first colon divides.
  const entry = (word: string, does: string) => quoted(`${word}:${does}`)
  return [
    '#compdef interlock',
    '# interlock completion zsh: put this into ~/.zshrc: source <(interlock completion zsh)',
    '_interlock() {',
    '  local word at=""',
    '  local -a commands options',
    `  for word in "\${(@)words[2,CURRENT-1]}"; do`,
    `    case "$at $word" in (${commandWords(pages)}) at="$at $word" ;; esac`,
    '  done',
    '  case "$at" in',
    ...pages.flatMap((page) => [
      `    (${caseOf(page)})`,
      `      commands=(${page.below.map((each) => entry(lastWord(each), each.summary)).join(' ')})`,
      `      options=(${page.options.map(({ flag, does }) => entry(flag, does)).join(' ')}) ;;`,
    ]),
    '  esac',
    '  if [[ "$PREFIX" == -* ]]; then _describe -o option options',
    '  elif (( $#commands )); then _describe command commands',
    '  else _files; fi',
    '}',
    'compdef _interlock interlock',
  ]
}

function fishScript(pages: readonly CommandPage[]): readonly string[] {
  return [
    '# interlock completion fish: interlock completion fish > ~/.config/fish/completions/interlock.fish',
    'function __interlock_at',
    '  set -l at ""',
    '  for word in (commandline -opc)[2..]',
    `    switch "$at $word"; case ${commandWords(pages).replaceAll('|', ' ')}; set at "$at $word"; end`,
    '  end',
    '  test "$at" = "$argv[1]"',
    'end',
    ...pages.flatMap((page) => {
      const here = `complete -c interlock -n ${quoted(`__interlock_at "${caseOf(page).slice(1, -1)}"`)}`
      return [
        ...page.below.map((each) => `${here} -f -a ${lastWord(each)} -d ${quoted(each.summary)}`),
        ...page.options.map(
          ({ flag, term, does }) =>
            `${here} -l ${flag.slice(2)}${/[<[]/.test(term) ? ' -r' : ''} -d ${quoted(does)}`,
        ),
      ]
    }),
  ]
}
