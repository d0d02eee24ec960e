import { describe, expect, it } from 'vitest'
import { parseAddresses } from '../../../src/engine/events/index.ts'

const parsed = (text: string) => parseAddresses(text, 'source')

describe('an address of one server', () => {
  it.each([
    'postgres://localhost/app',
    'postgresql://u:p%40ss@h:5433/app?sslmode=require&application_name=a,b',
    'postgres://u@[::1]:5433/app',
    'postgres://u@%2Fvar%2Frun%2Fpostgresql/app',
    'postgres:///app?host=/var/run/postgresql',
    'postgres://u:p@/app?host=/var/run/postgresql',
    'postgres://u@/app',
    '/var/run/postgresql app',
    'socket:/tmp?db=app',
  ])('stays as it is: %s', (text) => {
    expect(parsed(text)).toEqual({ each: [text], wanted: 'any', connectMs: null, statementMs: null })
  })

  it('says what its server has to be, which is not for the driver', () => {
    expect(parsed('postgres://h/app?sslmode=disable&target_session_attrs=primary&connect_timeout=3')).toEqual(
      {
        each: ['postgres://h/app?sslmode=disable'],
        wanted: 'primary',
        connectMs: 3_000,
        statementMs: null,
      },
    )
  })

  it.each([
    ['postgres://u@h/app?statement_timeout=5000', 'postgres://u@h/app', 5_000],
    [
      'postgres://u@h/app?sslmode=disable&statement_timeout=0',
      'postgres://u@h/app?sslmode=disable&statement_timeout=0',
      null,
    ],
  ])(
    'may limit its statements, which a pooler would not let the driver say: %s',
    (text, each, statementMs) => {
      expect(parsed(text)).toEqual({ each: [each], wanted: 'any', connectMs: null, statementMs })
    },
  )
})

describe('an address of several servers', () => {
  it.each([
    [
      'postgres://u:a,b@h1:5433,h2/app?sslmode=disable',
      ['u:a,b@h1:5433/app?sslmode=disable', 'u:a,b@h2/app?sslmode=disable'],
    ],
    ['postgres://h1,[::1]:5433,%2Frun%2Fpg', ['h1', '[::1]:5433', '%2Frun%2Fpg']],
    ['postgres://u@/app?host=h1,h2&port=5433', ['u@h1:5433/app', 'u@h2:5433/app']],
    ['postgres:///app?host=h1,::1,/run/pg&port=1,2,', ['h1:1/app', '[::1]:2/app', '%2Frun%2Fpg/app']],
  ])('is one for each: %s', (text, each) => {
    expect(parsed(text)).toEqual({
      each: each.map((one) => `postgres://${one}`),
      wanted: 'read-write',
      connectMs: null,
      statementMs: null,
    })
  })

  it('means the one that takes writes, unless it says otherwise', () => {
    expect(parsed('postgres://h1,h2/app?target_session_attrs=any').wanted).toBe('any')
  })
})

describe('an address that nobody can use', () => {
  it.each([
    ['', 'must be an address'],
    ['mysql://h/app', 'must be an address'],
    ['postgres://u:secret@h1,,h2/app', 'a host that is empty'],
    ['postgres://u:secret@:5432/app', 'a host that is empty'],
    ['postgres://u:secret@h:70000/app', 'cannot be read'],
    ['postgres://u:sec#ret@h/app', 'cannot be read'],
    ['postgres://u:secret@/app?host=a,b,c&port=1,2', 'names 3 hosts and 2 ports'],
    ['postgres://u:secret@h1,h2/app?target_session_attrs=standby', 'any, primary, read-write'],
    ['postgres://u:secret@h/app?connect_timeout=soon', 'a number of seconds'],
    ['postgres://u:secret@h/app?statement_timeout=5s', 'a number of milliseconds'],
  ])('is refused, and not repeated: %s', (text, why) => {
    expect(() => parsed(text)).toThrow(
      expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining(why) }),
    )
    expect(() => parsed(text)).not.toThrow(/sec(#?)ret/)
  })
})
