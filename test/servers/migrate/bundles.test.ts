import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bundles, undoScript } from '../../../src/engine/migrate/compose.ts'
import { migrationScript } from '../../../src/engine/migrate/index.ts'
import { withJobTable } from '../../../src/engine/migrate/job-sql.ts'
import {
  listMigrationFiles,
  migrationsFolder,
  readMigrationFile,
} from '../../../src/engine/migrate/package-files.ts'
import { withoutComments } from '../../../src/engine/migrate/plain-sql.ts'
import { interlockFunctions, sqlFunctions } from '../../../src/engine/migrate/sql-functions.ts'
import { referencePages } from '../../../src/engine/migrate/sql-reference.ts'

describe('the bundles', () => {
  it.each([...bundles()])('%s is what its parts make: else run npm run generate -- bundle', (name, text) => {
    expect(readFileSync(join(migrationsFolder(), name), 'utf8')).toBe(text)
  })

  it.each([...bundles(), ['the way back', undoScript()] as const])(
    '%s is one transaction and leaves no place to be filled',
    (_, text) => {
      expect(text.match(/^begin;$/gm)).toHaveLength(1)
      expect(text.match(/^commit;$/gm)).toHaveLength(1)
      expect(text.trimEnd().endsWith('commit;')).toBe(true)
      expect(text).not.toMatch(/\{\{\w+\}\}/)
    },
  )

  it('are without comments, but for those in bodies, and keep every body as it is', () => {
    for (const text of bundles().values()) {
      const rest = text.slice(text.indexOf('\nbegin;'))
      expect(withoutComments(rest)).toBe(rest)
      for (const { statement } of sqlFunctions())
        if (!statement.includes('{{')) expect(text).toContain(statement.slice(statement.indexOf('\nas $$')))
    }
  })

  it.each([
    ['-- all of it\nselect 1;\n', 'select 1;\n'],
    ['select 1; -- the rest\nselect 2;', 'select 1;\nselect 2;'],
    ['a\n\n-- between\n\nb', 'a\n\nb'],
    ['a /* in\nit */ b', 'a  b'],
    ['select \'-- a text\', "--a name"; --gone', 'select \'-- a text\', "--a name";'],
    ["select 'it''s -- here'; -- it's gone", "select 'it''s -- here';"],
    ["select E'\\' -- here'; --gone", "select E'\\' -- here';"],
    ['as $$\n-- kept\n$$; -- gone', 'as $$\n-- kept\n$$;'],
    ['do $a$ -- kept $$ -- kept\n\n\n\n$a$; -- gone $a$', 'do $a$ -- kept $$ -- kept\n\n\n\n$a$;'],
    ["-- it's one\nselect '--';", "select '--';"],
  ])('lose a comment, and nothing else: %j', (sql, plain) => {
    expect(withoutComments(sql)).toBe(plain)
  })
})

it('in a schema of its own, no name of the default is left, in bodies neither', () => {
  const script = migrationScript({ schema: 'app' })
  const left =
    /\b(?:public|interlock)\.job_queue_\w+|'interlock(?:_answers)?'|\bschema (?:if not exists )?interlock\b|'public'\)?, |hashtextextended\('(?!interlock\.(?:app\.|migrate')).*|pg_notify\('(?!interlock(?:_answers)?:app').*/g
  expect(script.match(left)).toBe(null)
  expect(migrationScript().match(left)?.length).toBeGreaterThan(1_000)
})

describe('every function', () => {
  it.each(sqlFunctions())('$name is pinned and documented', ({ name, header, statement }) => {
    expect(header.startsWith(`-- ${name}(`)).toBe(true)
    expect(header).toMatch(/Returns|Raises/)
    expect(statement.match(/\bfunction (public|interlock)\./g)).toHaveLength(1)
    expect(statement).toContain('set search_path = pg_catalog, pg_temp')
  })

  it('has a name of its own', () => {
    expect(new Set(interlockFunctions()).size).toBe(interlockFunctions().length)
  })
})

describe('every file of functions', () => {
  it.each(listMigrationFiles('functions'))(
    '%s says what its subject is, then has functions and nothing else',
    (file) => {
      const text = withJobTable(readMigrationFile('functions', file))
      const [subject = ''] = text.split('\n\n')
      expect(subject).toMatch(/^-- [A-Z](?:.|\n-- )+\.$/)
      const inOrder = sqlFunctions()
        .map(({ header, statement }) => `${header}${statement}\n`)
        .filter((each) => text.includes(each))
        .sort((a, b) => text.indexOf(a) - text.indexOf(b))
      expect(text).toBe([`${subject}\n`, ...inOrder].join('\n'))
    },
  )
})

/** Functions that may use jsonb_agg or jsonb_object_agg, as all that they collect is small. */
const collecting: Readonly<Record<string, string>> = {
  job_queue_adopt: 'ids',
  job_queue_adoptable: 'two numbers',
  job_queue_append: 'sequence numbers',
  job_queue_backlog: 'one object per code of a reason',
  job_queue_checkup: 'the catalog',
  job_queue_data_of: 'a number per id',
  job_queue_outer_rows: 'a number per id',
  job_queue_overdue: 'ids of workers',
  job_queue_project: 'one object per table and SQLSTATE',
  job_queue_queues: 'names of queues',
  job_queue_row_fields: 'names of columns',
  job_queue_submitted_job: 'a job without its payload',
}

describe('jsonb_agg and jsonb_object_agg', () => {
  // For each text in an array or object they go to the end of that (PostgreSQL 9.5 to 18, snprintf of what has no end): 20,000 names
  // in one value take 2 s, 100,000 take a minute, and no signal is heard meanwhile. to_jsonb(array_agg(…)) does the same in 10 ms.
  it('collect nothing that a user can make large: use to_jsonb(array_agg(…))', () => {
    const used = sqlFunctions().filter(({ statement }) => /\bjsonb_(object_)?agg\(/.test(statement))
    expect(used.map(({ name }) => name)).toEqual(Object.keys(collecting))
  })
})

describe('the pages about the functions', () => {
  it('are what their headers say: else run npm run generate -- bundle', () => {
    for (const { file, text } of referencePages()) expect(readFileSync(file, 'utf8')).toBe(text)
  })

  it('explains every SQLSTATE that is raised', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/errors.md'), 'utf8')
    const texts = [...bundles().values(), undoScript()].join('')
    for (const code of new Set(texts.match(/JQ\d{3}/g))) expect(page).toContain(`| \`${code}\` |`)
  })
})

describe('the script for every account', () => {
  it('says so, and asks for no role unless told', () => {
    expect(migrationScript()).toContain("set local interlock.account = 'any';")
    expect(migrationScript()).toContain("set local interlock.runtime_role = '';")
    expect(migrationScript()).not.toContain("('000',")
  })

  it('takes a role as a literal, whatever it is called', () => {
    expect(migrationScript({ runtimeRole: "o'neil $1" })).toContain(
      "set local interlock.runtime_role = 'o''neil $1';",
    )
    for (const bad of ['a\nb', 'a\\b', 'x'.repeat(64)]) {
      expect(() => migrationScript({ runtimeRole: bad })).toThrow('runtimeRole')
    }
  })
})
