import type { LogSize } from '../../../tools/doctor/index.ts'
import { bytes, plural } from '../../../tools/format/index.ts'
import type { Frame } from '../frame.ts'
import { facts } from '../terminal/table.ts'

export function sizeText(frame: Frame, size: LogSize): readonly string[] {
  const { bytesPerDay, heldAtBytes, heldInDays, overdueDays: overdue, archiveBytes, chain } = size
  const daily = bytesPerDay === null ? '' : `, ${bytes(bytesPerDay)} a day`
  const when = heldInDays === 0 ? 'now' : `in ${plural(heldInDays ?? 0, 'day')}`
  const held =
    overdue !== null
      ? `; retention does not hold it: it has events of ${plural(overdue, 'day')} ago`
      : heldAtBytes === null
        ? ''
        : `; retention holds it at some ${bytes(heldAtBytes)}, ${when}`
  return facts(
    [
      ['log', `${bytes(size.bytes)}${daily}${held}`],
      ['archive', bytes(archiveBytes)],
      ['chain', chain],
    ],
    frame.colors.dim,
  )
}
