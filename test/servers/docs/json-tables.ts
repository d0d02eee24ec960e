/** The fields of documents that `--json` prints, from the comments of their types. */
import { described } from './comments.ts'

/** Where a part of a document stands, and the declaration that tells of it. */
type Part = readonly [at: string, file: string, opening: string]

const documents = {
  change: [
    ['', 'src/tools/operate/change-jobs.ts', 'export interface ChangeDocument'],
    ['failed[].', 'src/tools/operate/change-jobs.ts', 'export interface RefusedChange'],
  ],
  flow: [
    ['', 'src/tools/operate/flow.ts', 'export interface FlowDocument'],
    ['jobs[].', 'src/tools/operate/flow.ts', 'export interface FlowJob'],
    ['links[].', 'src/tools/operate/flow.ts', 'export interface FlowLink'],
  ],
  doubt: [['', 'src/tools/operate/recover/report.ts', 'export interface RecoverDocument']],
  chain: [['', 'src/tools/history/chain.ts', 'export interface ChainDocument']],
  examination: [
    ['', 'src/tools/doctor/examine.ts', 'export interface Examination'],
    ['findings[].', 'src/engine/store/checkup.ts', 'const accountFinding'],
    ['log.', 'src/tools/doctor/sizes.ts', 'export interface LogSize'],
    ['standbys.', 'src/tools/doctor/standbys.ts', 'export interface Standbys'],
    ['standbys.servers[].', 'src/tools/doctor/standbys.ts', 'export interface Standby'],
  ],
  kept: [['', 'src/tools/history/fold.ts', 'export interface SnapshotDocument']],
  archived: [['', 'src/tools/history/archive.ts', 'export interface ArchiveDocument']],
} as const satisfies Readonly<Record<string, readonly Part[]>>

/** Each field, and what is inside of it. */
const rows = (parts: readonly Part[], inside = ''): readonly (readonly string[])[] =>
  parts
    .filter(([at]) => at === inside)
    .flatMap(([, file, opening]) => described(file, opening))
    .flatMap(({ name, text, isList }) => {
      const field = `${inside}${name}${isList ? '[]' : ''}`
      return [[`\`${field}\``, sentence(text)], ...rows(parts, `${field}.`)]
    })

/** As a cell begins and ends. */
const sentence = (text: string): string =>
  text
    .replace(/\.$/, '')
    .replace(/^[A-Z](?=[a-z ])/, (first) => first.toLowerCase())
    .replaceAll(/\b([Nn]ull|[Ff]alse)(?=:)/g, (word) => `\`${word.toLowerCase()}\``)

export const jsonTables = Object.fromEntries(
  Object.entries(documents).map(([name, parts]) => [
    name,
    () => [['field', 'what it says'], ...rows(parts)] as const,
  ]),
)
