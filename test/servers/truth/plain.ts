/** What is told, without what differs each time: times and lengths of time, ids of processes, where the database is. */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'

const changing: readonly (readonly [RegExp, string])[] = [
  [/postgres:\/\/[^"\s]+/g, '<store>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z| UTC)?/g, '<time>'],
  [/\b\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, '<time>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b/g, '<uuid>'],
  [/\b(\d+:)?[0-9a-f]{64}\b/g, '<hash>'],
  [/\bby \S+ on \S+ (?=until)/g, 'by <person> on <host> '],
  [/\bby \S+ on \S+$/gm, 'by <person> on <host>'],
  [/"who":\{"operator":"[^"]*","host":"[^"]*"/g, '"who":{"operator":"<person>","host":"<host>"'],
  [/"busyMs":[\d.]+/g, '"busyMs":<ms>'],
  [/"next":"\w+"/g, '"next":"<next>"'],
  [/"mark":"\d+"/g, '"mark":"<mark>"'],
  [/"commandHash":-?\d+/g, '"commandHash":<hash>'],
  [/; nobody took it in time, so jobs of other kinds may pass it until somebody does/g, ''],
  [/\b1[78]\d{14}\b/g, '<micros>'],
  [/\bw\w{8}\.\d+\b/g, '<command>'],
  [/\bw\w{8}\b/g, '<process>'],
  [/\b\d+(?:\.\d+)? (?:ms|s|min|h)\b(?: \d+ (?:s|min)\b)?/g, '<length>'],
  [/"(starts\w+Seconds)":[\d.]+/g, '"$1":<seconds>'],
  [/ {2,}/g, '  '],
  [/ +$/gm, ''],
]

/** A text as it is each time. */
export const plain = (text: string): string =>
  changing.reduce((told, [what, instead]) => told.replaceAll(what, instead), text)

/** Where the whole documents go that are kept by their digests, for somebody who looks for what differs. */
const whole = process.env['RECORDED_WHOLE']

/** A short name for what was told. */
export function digest(name: string, text: string): string {
  const told = plain(text)
  const id = createHash('sha256').update(told).digest('hex').slice(0, 12)
  if (whole !== undefined) writeFileSync(`${whole}/${name.replaceAll(/\W+/g, '-')}`, `${told}\n`)
  return id
}
